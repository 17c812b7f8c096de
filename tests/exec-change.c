#include "exec.h"
void exec_change(void)
{
}
