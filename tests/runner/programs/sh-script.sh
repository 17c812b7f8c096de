# SPDX-License-Identifier: BSD-2-Clause
# What configure scripts do, for dash.
set -eu
for tool in cat sed grep awk sort; do command -v $tool >/dev/null && echo "has $tool"; done
result=`echo 'a b c' | awk '{ print NF }'`; echo "fields $result"
i=0; while [ $i -lt 50 ]; do i=`expr $i + 1`; done; echo "counted to $i"
cat >generated.sh <<EOF
echo generated with $i "\$1"
EOF
sh generated.sh argument
if sh -c 'exit 3'; then :; else echo "status $?"; fi
(umask 077; : >private; ls -l private | cut -c 1-10)
trap 'echo cleaned' 0
find . -name '*.sh' | sort | while read -r f; do wc -l <"$f"; done
sed -e '/^#/d' -e 's/generated/made/' generated.sh | sh -s two
test -x /bin/sh && echo executable
(exec 3>three; echo to three >&3); cat three
