# SPDX-License-Identifier: BSD-2-Clause
"""The sqlite3 module: a database in a file, two connections, threads."""
import sqlite3, threading

db = sqlite3.connect("db")
db.execute("pragma journal_mode=wal")
db.execute("create table t (id integer primary key, name text, x real)")
with db:
    db.executemany("insert into t (name, x) values (?, ?)", (("n%d" % (i % 97), i / 3) for i in range(10000)))
print(db.execute("select count(*), sum(id), round(avg(x), 6) from t").fetchone())
db.create_function("twice", 1, lambda s: s + s)
for row in db.execute("select twice(name), count(*) from t group by name order by 2 desc, 1 limit 5"):
    print(row)
try:
    with db:
        db.execute("delete from t")
        raise RuntimeError
except RuntimeError:
    print("rolled back", db.execute("select count(*) from t").fetchone())
other = sqlite3.connect("db", timeout=0.1)
db.execute("begin immediate")
try:
    other.execute("begin immediate")
except sqlite3.OperationalError as e:
    print(e)
db.rollback()
results = []


def count(rest):
    mine = sqlite3.connect("db")
    results.append(mine.execute("select count(*) from t where id % 4 = ?", (rest,)).fetchone()[0])
    mine.close()


threads = [threading.Thread(target=count, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(results, db.execute("pragma integrity_check").fetchone())
other.close()
db.close()
