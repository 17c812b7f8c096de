# SPDX-License-Identifier: BSD-2-Clause
"""Subprocesses, fork, multiprocessing."""
import multiprocessing, os, signal, subprocess, sys


def basics():
    run = subprocess.run
    print(run(["sh", "-c", "cat; echo e >&2; exit 4"], input=b"in", capture_output=True))
    print(run("echo $((6 * 7)) | tr 4 x", shell=True, capture_output=True, text=True).stdout)
    print(run([sys.executable, "-c", "import sys; sys.exit(len(sys.argv))", "a", "b"]).returncode)
    print(run(["sh", "-c", "kill -9 $$"]).returncode)
    try:
        run(["/nonesuch"])
    except FileNotFoundError as e:
        print(e)
    try:
        run(["sleep", "100"], timeout=0.2)
    except subprocess.TimeoutExpired as e:
        print("timeout", e.cmd)
    p1 = subprocess.Popen(["seq", "1", "20000"], stdout=subprocess.PIPE)
    p2 = subprocess.Popen(["tail", "-n", "1"], stdin=p1.stdout, stdout=subprocess.PIPE)
    p1.stdout.close()
    print(p2.communicate()[0], p1.wait(), p2.returncode)
    print(run(["env"], env={"A": "b"}, cwd="/", start_new_session=True, capture_output=True).stdout)

    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(w, b"from the child")
        os._exit(os.getppid() != os.getpid())
    os.close(w)
    print(os.read(r, 100), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    children = []
    for i in range(10):
        pid = os.fork()
        if pid == 0:
            os._exit(i)
        children.append(pid)
    print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])
    try:
        os.wait()
    except ChildProcessError as e:
        print(e)
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 12"], os.environ)
    print("spawn", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def square(n):
    return n * n


def produce(queue, lock, value):
    for i in range(50):
        queue.put(i)
        with lock:
            value.value += 1


if __name__ == "__main__":
    basics()
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        with context.Pool(3) as pool:
            print(method, sum(pool.map(square, range(200))))
    context = multiprocessing.get_context("fork")
    queue, lock, value = context.Queue(), context.Lock(), context.Value("i", 0)
    processes = [context.Process(target=produce, args=(queue, lock, value)) for _ in range(3)]
    for p in processes:
        p.start()
    print("queue", sum(queue.get(timeout=60) for _ in range(150)))
    for p in processes:
        p.join()
    print("value", value.value, [p.exitcode for p in processes])
    parent, child = context.Pipe()
    p = context.Process(target=lambda c: c.send({"got": c.recv()}), args=(child,))
    p.start()
    parent.send([1, 2, 3])
    print(parent.recv())
    p.join()
    p = context.Process(target=signal.pause)
    p.start()
    p.terminate()
    p.join()
    print("terminated", p.exitcode)
