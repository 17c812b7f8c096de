/* SPDX-License-Identifier: BSD-2-Clause */
/* A processor's registers as GDB numbers and names them: in NAME/gdb-registers.c. */
#ifndef GDB_REGISTERS_H
#define GDB_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm.h"

enum { GDB_REGISTER_MAX = 64 };	/* bytes of one, at most */

/* Room for all of them; NULL: no memory. */
struct vm_registers *gdb_registers_create(void);

/* How many there are, and the bytes of one; 0: there is none of that number. */
unsigned int gdb_registers(void);
size_t gdb_register_size(unsigned int number);

/* In the guest's order of bytes. To set one that cannot be has no effect. */
void gdb_register_get(const struct vm_registers *from, unsigned int number, uint8_t *value);
void gdb_register_set(struct vm_registers *to, unsigned int number, const uint8_t *value);

/* What GDB calls target.xml: it says all of the above. NULL: no memory for it. */
const char *gdb_registers_description(size_t *size);

/* The instruction of a breakpoint. */
enum { GDB_BREAK_MAX = 4 };
extern const uint8_t gdb_break_code[];
extern const size_t gdb_break_size;

/* Whether that is what a program ran into; then it is made as if it had not run it yet. */
bool gdb_is_break(const struct vm_exit *exit);
guest_addr gdb_break_at(const struct vm_registers *registers);
void gdb_break_rewind(struct vm_registers *registers);

#endif
