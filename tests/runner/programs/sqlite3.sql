-- SPDX-License-Identifier: BSD-2-Clause
.bail on
pragma journal_mode=wal;
create table t (id integer primary key, name text, x real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
	insert into t select i, 'name' || (i % 101), i * 0.5 from n;
create index by_name on t (name);
select count(*), sum(x), min(name), max(name) from t;
select name, count(*) from t group by name order by 2, 1 limit 5;
begin; delete from t where id > 5000; rollback;
select count(*) from t where name like '%7';
update t set x = x + 1 where id % 3 = 0;
pragma wal_checkpoint(truncate);
select group_concat(id) from (select id from t where name = 'name7' order by id limit 20);
select printf('%.3f', sum(a.x * b.x)) from t a join t b on a.id = b.id + 1;
pragma integrity_check;
vacuum;
.dump by_name
.tables
