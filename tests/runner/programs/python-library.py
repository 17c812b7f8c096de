# SPDX-License-Identifier: BSD-2-Clause
"""The standard library without processes: hashes, JSON, regular expressions, numbers, files."""
import array, base64, bisect, bz2, collections, csv, datetime, decimal, fractions, gzip, hashlib
import heapq, hmac, io, itertools, json, lzma, math, os, pickle, random, re, shutil, statistics
import string, struct, tempfile, textwrap, time, unicodedata, zipfile, zlib

for name in ("md5", "sha1", "sha256", "sha3_512", "blake2b"):
    print(name, hashlib.new(name, b"abc" * 10000).hexdigest())
print(hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 2000).hex())
random.seed(7)
data = [random.random() for _ in range(20000)]
print(math.fsum(data), statistics.mean(data[:500]), sorted(data)[777])
print(json.dumps({"a": [1, 2.5, None, True], "b": {"c": "\u00e4\U0001f600"}}, sort_keys=True))
assert json.loads(json.dumps(data)) == data
text = " ".join("%d %s" % (i, chr(97 + i % 26) * (i % 9)) for i in range(20000)).encode()
for module in (zlib, bz2, lzma, gzip):
    packed = module.compress(text)
    assert module.decompress(packed) == text
    print(module.__name__, len(packed) if module is not gzip else "")
print(re.sub(rb"(\d+) (\w)\2+", rb"<\1>", text)[:80])
decimal.getcontext().prec = 60
print(decimal.Decimal(2).sqrt(), fractions.Fraction(355, 113), math.factorial(200) % 10**40)
print(datetime.datetime.fromtimestamp(1700000000, datetime.timezone.utc).isoformat())
print(time.strftime("%F %T", time.gmtime(1234567890)), base64.b85encode(b"hello"))
with tempfile.TemporaryDirectory(dir=".") as d:
    p = os.path.join(d, "x.zip")
    with zipfile.ZipFile(p, "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(50):
            z.writestr(f"m{i}", text[i:i * 100])
    with zipfile.ZipFile(p) as z:
        print(z.testzip(), sum(len(z.read(n)) for n in z.namelist()))
    shutil.copytree(d, d + "/copy")
    print(sorted(os.listdir(d)))
    os.rename(p, p + "2")
    fd = os.open(p + "2", os.O_RDWR)
    print(os.pread(fd, 2, 0), os.lseek(fd, 0, os.SEEK_END) == os.fstat(fd).st_size)
    os.close(fd)
print(pickle.loads(pickle.dumps(collections.Counter("mississippi"))))
print(len(list(itertools.permutations(range(8)))), heapq.nsmallest(3, data) == sorted(data)[:3])
print(unicodedata.normalize("NFD", "\u00e9").encode(), struct.pack("<IdH", 1, 2.5, 3).hex())
try:
    open("/nonesuch/file")
except OSError as e:
    print(e)
t = time.monotonic()
time.sleep(0.02)
assert 0.02 <= time.monotonic() - t < 20
assert abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 5
assert len(os.urandom(32)) == 32 and os.urandom(16) != os.urandom(16)
