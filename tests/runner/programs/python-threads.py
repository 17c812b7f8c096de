# SPDX-License-Identifier: BSD-2-Clause
"""Threads, locks, conditions, queues, pools, thread-local data, timers."""
import concurrent.futures, queue, threading, time

lock, total = threading.Lock(), 0


def add(n):
    global total
    for _ in range(n):
        with lock:
            total += 1


threads = [threading.Thread(target=add, args=(2000,)) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("total", total)

q, done = queue.Queue(maxsize=10), []


def worker():
    while (item := q.get()) is not None:
        done.append(item * item)
        q.task_done()


workers = [threading.Thread(target=worker) for _ in range(4)]
for w in workers:
    w.start()
for i in range(500):
    q.put(i)
q.join()
for _ in workers:
    q.put(None)
for w in workers:
    w.join()
print("queue", sum(done), len(done))

condition, turn, order = threading.Condition(), 0, []


def taker(me):
    global turn
    for _ in range(50):
        with condition:
            condition.wait_for(lambda: turn % 3 == me)
            order.append(me)
            turn += 1
            condition.notify_all()


takers = [threading.Thread(target=taker, args=(i,)) for i in range(3)]
for t in takers:
    t.start()
for t in takers:
    t.join()
print("turns", order == [0, 1, 2] * 50)

with concurrent.futures.ThreadPoolExecutor(6) as pool:
    print("pool", sum(pool.map(lambda n: n % 7, range(1000))))
    futures = [pool.submit(time.sleep, 0.01) for _ in range(20)]
    print(len(concurrent.futures.wait(futures).done))

local = threading.local()
seen = []


def use(n):
    local.value = n
    time.sleep(0.01)
    seen.append(local.value == n)


threads = [threading.Thread(target=use, args=(i,)) for i in range(10)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("local", all(seen), hasattr(local, "value"))

event = threading.Event()
threading.Timer(0.05, event.set).start()
print("timer", event.wait(20), event.wait(0))
print("timeout", threading.Event().wait(0.05), lock.acquire(timeout=1))
barrier = threading.Barrier(5)
indices = []
threads = [threading.Thread(target=lambda: indices.append(barrier.wait())) for _ in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("barrier", sorted(indices))
# Many that come and go.
for _ in range(10):
    batch = [threading.Thread(target=lambda: None) for _ in range(20)]
    for t in batch:
        t.start()
    for t in batch:
        t.join()
print("left", threading.active_count())
