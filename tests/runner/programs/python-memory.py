# SPDX-License-Identifier: BSD-2-Clause
"""mmap, shared memory, ctypes, files with holes, locks, large allocations."""
import ctypes, fcntl, gc, mmap, os

with open("map", "w+b") as f:
    f.write(b"0123456789" * 1000)
    f.flush()
    with mmap.mmap(f.fileno(), 0) as m:
        m[5:10] = b"hello"
        print(m[:12], m.find(b"hello"), m.rfind(b"89"), len(m))
        m.flush()
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
        m[0:5] = b"XXXXX"
        f.seek(0)
        print(f.read(10), m[:10])
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        try:
            m[0] = 1
        except TypeError as e:
            print(e)
    f.truncate(1 << 24)
    print(os.lseek(f.fileno(), 0, os.SEEK_HOLE) > 0)
    with mmap.mmap(f.fileno(), 0) as m:
        m.resize(1 << 25)
        m[-1] = 7
        print(sum(m[::4096]), len(m))
shared = mmap.mmap(-1, 8192)
pid = os.fork()
if pid == 0:
    shared[0:5] = b"child"
    os._exit(0)
os.waitpid(pid, 0)
print(shared[:5])
private = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
private[0:3] = b"mine"[:3]
pid = os.fork()
if pid == 0:
    private[0:3] = b"his"
    os._exit(private[0] != ord("h"))
print(os.waitpid(pid, 0)[1], private[:3])
libc = ctypes.CDLL(None, use_errno=True)
print(libc.strlen(b"twelve chars"), libc.mprotect(ctypes.c_void_p(1), 10, 0), ctypes.get_errno())
COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
numbers = (ctypes.c_int * 6)(5, 3, 9, 1, 7, 2)
libc.qsort(numbers, 6, 4, COMPARE(lambda a, b: a[0] - b[0]))
print(list(numbers))
blocks = [bytearray(1 << 20) for _ in range(64)]
for i, b in enumerate(blocks):
    b[::4096] = bytes([i]) * 256
print(sum(b[0] for b in blocks))
del blocks
gc.collect()
with open("lock", "w") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    fcntl.lockf(f, fcntl.LOCK_EX)
    pid = os.fork()
    if pid == 0:
        try:
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os._exit(1)
        except BlockingIOError:
            os._exit(0)
    print("locked", os.waitpid(pid, 0)[1])
print(sum(i * i for i in range(200000)), len("x" * 50_000_000))
