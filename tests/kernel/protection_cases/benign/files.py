"""Programs of files, formats and what is made for them that change nothing of the notebook: none may be refused."""


def b_redirect_stdout():
    """
import contextlib, io
"""
    f = io.StringIO()
    with contextlib.redirect_stdout(f):
        print('x')
    return f.getvalue()


def b_logging_new_handler():
    """
import logging, io
"""
    h = logging.StreamHandler(io.StringIO()); lg = logging.Logger('mine'); lg.addHandler(h); lg.warning('x'); return h.stream.getvalue()


def b_json_all():
    """
import json
data = {'a': [1, {'b': 2.5}], 'c': None}
"""
    return json.loads(json.dumps(data)), json.dumps(data, indent=2), json.dumps(data, default=str)


def b_json_custom():
    """
import json
class Enc(json.JSONEncoder):
    def default(self, o): return list(o)
"""
    return json.dumps({'s': {1}}, cls=Enc)


def b_pickle_all():
    """
import pickle, copy
class P:
    def __init__(self): self.xs = [1]
p = P()
"""
    q = copy.copy(p); r = copy.deepcopy(p); r.xs.append(2); q.y = 1; return len(pickle.dumps(r.__dict__))


def b_pickle_reduce():
    """
import pickle
class P:
    def __getstate__(self): return {'a': 1}
    def __setstate__(self, s): self.__dict__.update(s)
p = P()
"""
    import copy; return copy.copy(p).a


def b_csv_own():
    """
import csv, io
rows = [['a', 'b'], ['1', '2']]
"""
    f = io.StringIO(); w = csv.DictWriter(f, ['a', 'b']); w.writeheader(); w.writerow({'a': 1, 'b': 2}); return list(csv.DictReader(io.StringIO(f.getvalue())))


def b_configparser_own():
    """
import configparser
"""
    c = configparser.ConfigParser(); c.read_string('[a]\nb = 1'); c['a']['c'] = '2'; c.add_section('z'); return dict(c['a'])


def b_configparser_main_read():
    """
import configparser
c = configparser.ConfigParser(); c.read_string('[a]\\nb = 1')
"""
    return c['a']['b'], c.sections(), c.getint('a', 'b'), c.has_option('a', 'q'), dict(c['a'])


def b_secrets_uuid():
    """
import uuid, secrets, hashlib, hmac
h0 = hashlib.sha256(b'a')
"""
    h = hashlib.md5(b'x'); h.update(b'y'); g = h0.copy(); g.update(b'z'); return uuid.uuid5(uuid.NAMESPACE_DNS, 'a'), h0.hexdigest(), hmac.new(b'k', b'm', 'sha1').hexdigest()


def b_codecs_all():
    """
import codecs, base64, binascii, zlib, gzip, bz2, lzma
"""
    z = zlib.compressobj(); z.compress(b'x'); z.flush(); return base64.b64encode(b'x'), gzip.decompress(gzip.compress(b'abc')), bz2.decompress(bz2.compress(b'a')), lzma.decompress(lzma.compress(b'a')), codecs.encode('abc', 'rot13')


def b_path_all():
    """
import pathlib, os
root = pathlib.Path('/usr/lib')
"""
    return root / 'x', root.parts, root.joinpath('a').with_suffix('.py'), root.is_dir(), sorted(root.glob('python3*'))[:1], root.as_posix(), root.resolve(), os.fspath(root), hash(root), root < pathlib.Path('/z'), str(root), root.relative_to('/usr')


def b_tempfile_all():
    """
import tempfile, os, pathlib, shutil
"""
    with tempfile.TemporaryDirectory() as d:
        p = pathlib.Path(d) / 'a.txt'
        p.write_text('x\n')
        with p.open('a') as f:
            f.write('y')
        shutil.copy(p, p.with_suffix('.bak'))
        return p.read_text(), sorted(os.listdir(d)), [q.name for q in os.scandir(d)]


def b_tempfile_named():
    """
import tempfile
"""
    with tempfile.NamedTemporaryFile('w+') as f:
        f.write('abc'); f.seek(0)
        return f.read()


def b_stringio_main_read():
    """
import io
f = io.StringIO('a\\nb\\n')
"""
    return f.read(1), f.readline(), list(f), f.getvalue()


def b_bytesio_main_getbuffer_read():
    """
import io
f = io.BytesIO(b'abcd')
"""
    return bytes(f.getbuffer()[1:3]), f.read(2)


def b_email_own():
    """
import email, email.message
m0 = email.message_from_string('Subject: x\\n\\nbody')
"""
    m = email.message.EmailMessage(); m['To'] = 'a@b'; m.set_content('hi'); return m0['Subject'], m0.get_payload(), m.as_string()[:5]


def b_xml_all():
    """
import xml.etree.ElementTree as ET
root = ET.fromstring('<a><b x="1">t</b></a>')
"""
    r = ET.Element('q'); ET.SubElement(r, 'z').text = 'w'; r.set('k', 'v'); r.append(ET.Element('y')); return root.find('b').get('x'), [e.tag for e in root.iter()], ET.tostring(root), ET.tostring(r)


def b_html_parser():
    """
import html, html.parser, urllib.parse
"""
    class P(html.parser.HTMLParser):
        def __init__(self): super().__init__(); self.t = []
        def handle_starttag(self, t, a): self.t.append(t)
    p = P(); p.feed('<a><b>'); return p.t, html.escape('<'), urllib.parse.quote('a b'), urllib.parse.parse_qs('a=1')


def b_socket_own():
    """
import socket
"""
    a, b = socket.socketpair(); a.sendall(b'x'); buf = bytearray(4); n = b.recv_into(buf); a.close(); b.close(); return n, bytes(buf)


def b_displayhook_single():
    """
pass
"""
    import sys, io; ns = {}; exec(compile('a = 5\n', '<s>', 'single'), ns); return ns['a']


def b_mmap_read():
    """
import mmap
m = mmap.mmap(-1, 4096)
"""
    return m[0], m[:4], m.find(b'x'), len(m)


def b_os_all():
    """
import os, sys, platform, shutil, getpass
"""
    return os.getpid() > 0, os.cwd() if False else os.getcwd(), os.environ.get('PATH') is not None, platform.python_version(), shutil.disk_usage('/').total > 0, os.stat('/').st_mode, os.path.expanduser('~'), sys.getsizeof([]), os.cpu_count()


def b_read_an_archive():
    """
import io, zipfile
b = io.BytesIO(); z = zipfile.ZipFile(b, 'w'); z.writestr('a', 'hello'); z.close(); z = zipfile.ZipFile(b)
"""
    return z.read('a') == b'hello' and z.testzip() is None


def b_hashes_of_its_own():
    """
import hashlib, hmac
h0 = hashlib.sha256(b'a'); m0 = hmac.new(b'k', b'm', 'sha256')
"""
    h = h0.copy(); h.update(b'b'); m = m0.copy(); m.update(b'n')
    assert h.digest() == hashlib.sha256(b'ab').digest() and m.digest() == hmac.new(b'k', b'mn', 'sha256').digest()
    return hashlib.blake2b(b'x').hexdigest(), hashlib.file_digest(__import__('io').BytesIO(b'x'), 'md5').hexdigest()


def b_compressors_of_its_own():
    """
import zlib, bz2, lzma
c0 = zlib.compressobj()
"""
    for make, undo in ((zlib.compressobj, zlib.decompress), (bz2.BZ2Compressor, bz2.decompress), (lzma.LZMACompressor, lzma.decompress)):
        c = make(); assert undo(c.compress(b'abc') + c.flush()) == b'abc'
    c = c0.copy(); assert zlib.decompress(c.compress(b'abc') + c.flush()) == b'abc'


def b_read_compressed_files():
    """
import bz2, gzip, lzma, tempfile
folder = tempfile.mkdtemp(); names = {m: f'{folder}/{m.__name__}' for m in (gzip, bz2, lzma)}
for m, name in names.items():
    with m.open(name, 'wt') as f: f.write('line\\n' * 10000)
files = [m.open(name, 'rt') for m, name in names.items()]; raw = gzip.open(names[gzip]); first = files[0].readline()
"""
    assert first == files[0].readline() and sum(len(f.read()) for f in files) == 3 * 50000 - 10
    assert raw.read(3) == b'lin' and raw.readline() == b'e\n' and raw.seek(0) == 0 and len(raw.read()) == 50000


def b_read_members_of_archives():
    """
import io, tarfile, zipfile
z = io.BytesIO(); f = zipfile.ZipFile(z, 'w', zipfile.ZIP_DEFLATED); f.writestr('a', 'hello\\n' * 1000); f.close(); f = zipfile.ZipFile(z); member = f.open('a')
b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w:gz'); i = tarfile.TarInfo('a'); i.size = 3; t.addfile(i, io.BytesIO(b'abc')); t.close(); b.seek(0); tar = tarfile.open(fileobj=b); part = tar.extractfile('a')
"""
    assert member.readline() == b'hello\n' and len(member.read()) == 5994
    assert part.read() == b'abc' and tar.extractfile('a').read() == b'abc' and tar.getnames() == ['a']


def b_picklers_of_its_own():
    """
import copy, io, pickle, functools
part0 = functools.partial(int, base=2)
"""
    b = io.BytesIO(); p = pickle.Pickler(b); p.dump([1]); p.clear_memo(); p.dump({2}); b.seek(0); u = pickle.Unpickler(b)
    assert (u.load(), u.load()) == ([1], {2})
    assert copy.copy(part0)('11') == 3 and pickle.loads(pickle.dumps(part0))('11') == 3 and copy.deepcopy(iter([1, 2])) is not None
    own = copy.copy(iter([1, 2])); next(own); own.__setstate__(0)
    assert list(copy.copy(iter([1, 2]))) == [1, 2] and copy.copy(ValueError(1)).args == (1,)


def b_email_as_text():
    """
import email.message
m = email.message.EmailMessage(); m['To'] = 'x'; m.set_content('hello')
"""
    assert 'hello' in m.as_string() and b'hello' in bytes(m)
