# SPDX-License-Identifier: BSD-2-Clause
# sprintf, regular expressions, sort, pack, files, sockets in one process.
use strict;
use warnings;
use Digest::MD5 'md5_hex';
use Digest::SHA 'sha256_hex';
use Time::HiRes qw(time sleep);
use File::Temp 'tempdir';
use List::Util qw(sum shuffle reduce);
use Socket;
printf "%5d|%-6s|%06.2f|%x|%e|%s|%vd\n", 42, 'ab', 3.14159, 255, 12345.678, 1e21, '1.22.333';
print sprintf('%s ', $_) for map { $_ ** 0.5 } 1 .. 5; print "\n";
my %count; $count{length $_}++ for map { 'x' x ($_ * $_ % 17) } 1 .. 5000;
print join(',', map {"$_:$count{$_}"} sort { $a <=> $b } keys %count), "\n";
my $text = join ' ', map {"word$_"} 1 .. 3000;
(my $copy = $text) =~ s/(\d)(\d)\b/$2$1/g;
print md5_hex($copy), ' ', sha256_hex($text), ' ', scalar(() = $text =~ /7/g), "\n";
print unpack('H*', pack 'NnCa3', 1, 2, 3, 'abc'), "\n";
my $d = tempdir(DIR => '.', CLEANUP => 1);
open my $f, '+>', "$d/f" or die; print $f "line $_\n" for 1 .. 1000; seek $f, 0, 0; my @lines = <$f>;
print scalar(@lines), ' ', -s "$d/f", ' ', (stat $f)[7], "\n"; truncate $f, 10; close $f; print -s "$d/f", "\n";
socketpair(my $end, my $other, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die; syswrite $other, "over"; sysread $end, my $got, 10; print "$got\n";
my $t = time; sleep 0.02; print 'slept ', time - $t >= 0.02 ? 'enough' : 'too little', "\n";
print scalar(gmtime 1700000000), ' ', sum(1 .. 100), ' ', (reduce { $a * $b } 1 .. 15), "\n";
my @sorted = sort { $a->[1] cmp $b->[1] || $a->[0] <=> $b->[0] } map { [$_, $_ % 13] } 1 .. 2000;
print join(' ', map { $_->[0] } @sorted[0 .. 9]), "\n";
local $@; eval { die { code => 3 } }; print "code $@->{code}\n"; opendir my $h, '/nonesuch' or print "$!\n";
exit 6;
