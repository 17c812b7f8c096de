#include "exec.h"
void exec_getcpu(void)
{
}
