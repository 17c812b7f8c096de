# SPDX-License-Identifier: BSD-2-Clause
"""Signal handlers, alarms, masks, signals to threads, wakeup descriptors, interrupted calls."""
import os, select, signal, threading, time

got = []
for s in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD):
    signal.signal(s, lambda n, frame: got.append(signal.Signals(n).name))
for _ in range(3):
    os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR2)
print(got)
got.clear()
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
while len(got) < 5:	# no system call in here
    pass
signal.setitimer(signal.ITIMER_REAL, 0)
print(set(got), len(got) >= 5)
got.clear()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
print("blocked", got, signal.sigpending())
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
print("let go", got)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
print("sigwait", signal.sigwait([signal.SIGUSR2]))
print("sigtimedwait", signal.sigtimedwait([signal.SIGUSR2], 0.05))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
got.clear()

r, w = os.pipe()
signal.alarm(0)
signal.setitimer(signal.ITIMER_REAL, 0.1)
threading.Timer(0.5, lambda: os.write(w, b"late")).start()
print(os.read(r, 10), got)	# Python reads again after the handler
got.clear()


class Out(Exception):
    pass


def leave(n, frame):
    raise Out


signal.signal(signal.SIGALRM, leave)
for call in (lambda: os.read(r, 1), lambda: time.sleep(20), lambda: select.select([r], [], [], 20),
             lambda: os.waitid(os.P_ALL, 0, os.WEXITED), signal.pause,
             lambda: threading.Event().wait(20)):
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    # long enough to be in the call by then: one that comes before it ends nothing
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        call()
        print("went on")
    except Out:
        print("out")
    os.kill(pid, signal.SIGKILL)
    print(os.waitpid(pid, 0)[1])
while "SIGCHLD" not in got:
    time.sleep(0.01)
read, write = os.pipe()
os.set_blocking(write, False)
signal.set_wakeup_fd(write)
os.kill(os.getpid(), signal.SIGUSR1)
print("wakeup", os.read(read, 10))
signal.set_wakeup_fd(-1)
for s in (signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT):
    pid = os.fork()
    if pid == 0:
        signal.signal(s, signal.SIG_DFL)
        os.kill(os.getpid(), s)
        time.sleep(60)
    print(s.name, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid = os.fork()
if pid == 0:
    time.sleep(0.2)
    while True:
        pass
os.kill(pid, signal.SIGSTOP)
print("stopped", os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]))
os.kill(pid, signal.SIGCONT)
print("goes on", os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]))
os.kill(pid, signal.SIGKILL)
print(os.waitpid(pid, 0)[1])
