#include "exec.h"
void exec_clone(void)
{
}
