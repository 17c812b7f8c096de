# SPDX-License-Identifier: BSD-2-Clause
# fork, pipes, signals, exec, wait.
use strict;
use warnings;
use POSIX ();
use IO::Select;
$| = 1;
pipe(my $r, my $w) or die;
my $pid = fork // die;
if (!$pid) { close $r; print $w "child $_\n" for 1 .. 3; close $w; POSIX::_exit(7) }
close $w;
print "read: $_" while <$r>;
waitpid $pid, 0;
printf "status %d\n", $? >> 8;
print "backticks: ", `echo one; echo two | tr o 0`;
print "system ", system('sh', '-c', 'exit 5') >> 8, "\n";
open my $in, '-|', 'seq', 1, 5 or die; my $sum = 0; $sum += $_ while <$in>; close $in; print "sum $sum\n";
open my $out, '|-', 'sort -n' or die; print $out "$_\n" for 3, 1, 2; close $out;
my %seen;
$SIG{$_} = sub { $seen{$_[0]}++ } for qw(USR1 USR2 ALRM);
kill 'USR1', $$ for 1 .. 3;
kill 'USR2', $$;
print join(' ', map {"$_=$seen{$_}"} sort keys %seen), "\n";
eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select undef, undef, undef, 20; };
print "eval: $@";
$pid = fork // die;
if (!$pid) { $SIG{TERM} = 'DEFAULT'; sleep 60; exit }
kill 'TERM', $pid; waitpid $pid, 0; print "signal ", $? & 127, "\n";
my @children = map { my $n = $_; my $p = fork // die; if (!$p) { exit $n } $p } 1 .. 10;
my $total = 0; for (@children) { waitpid $_, 0; $total += $? >> 8 } print "total $total\n";
print "none: ", wait, "\n";
pipe(my $end, my $other); my $select = IO::Select->new($end);
print "ready ", scalar($select->can_read(0.05)), "\n"; syswrite $other, "x"; print "ready ", scalar($select->can_read(5)), "\n";
my $mask = POSIX::SigSet->new(&POSIX::SIGUSR1); POSIX::sigprocmask(&POSIX::SIG_BLOCK, $mask);
kill 'USR1', $$; print "blocked $seen{USR1}\n"; POSIX::sigprocmask(&POSIX::SIG_UNBLOCK, $mask); print "then $seen{USR1}\n";
exec 'sh', '-c', 'echo "$0 $1"; exit 9', 'by exec', 'argument';
