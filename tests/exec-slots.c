#include "exec.h"
void exec_slots(void)
{
}
