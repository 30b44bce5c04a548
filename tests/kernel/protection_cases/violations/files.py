"""Programs of files, formats and what is made for them that change an object of the notebook: each must be refused."""


def v_elementtree_append():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    root.append(ET.Element('b'))


def v_elementtree_set():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    root.set('k', 'v')


def v_elementtree_text():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    root.text = 'x'


def v_elementtree_sub():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    ET.SubElement(root, 'b')


def v_email_header():
    """
from email.message import EmailMessage
m = EmailMessage()
"""
    m['Subject'] = 'x'


def v_string_io_writelines():
    """
import io
f = io.StringIO()
"""
    f.writelines(['a', 'b'])


def v_bytes_io():
    """
import io
f = io.BytesIO()
"""
    f.write(b'x')


def v_bytes_io_getbuffer():
    """
import io
f = io.BytesIO(b'abcd')
"""
    f.getbuffer()[0] = 65


def v_string_io_truncate():
    """
import io
f = io.StringIO('abc')
"""
    f.truncate(0)


def v_print_to_main():
    """
import io
f = io.StringIO()
"""
    print('x', file=f)


def v_csv_writer_main():
    """
import csv, io
f = io.StringIO(); w = csv.writer(f)
"""
    w.writerow([1])


def v_json_dump_main():
    """
import json, io
f = io.StringIO()
"""
    json.dump({'a': 1}, f)


def v_pickle_dump_main():
    """
import pickle, io
f = io.BytesIO()
"""
    pickle.dump([1], f)


def v_socket_recv_into():
    """
import socket
a, c = socket.socketpair(); c.send(b'abc'); b = bytearray(8)
"""
    a.recv_into(b)


def v_file_readinto():
    """
import tempfile
b = bytearray(4)
"""
    with open('/etc/hostname', 'rb', 0) as f:
        f.readinto(b)


def v_mmap_store():
    """
import mmap
m = mmap.mmap(-1, 4096)
"""
    m[0] = 65


def v_mmap_write():
    """
import mmap
m = mmap.mmap(-1, 4096)
"""
    m.write(b'abc')


def v_hash_update():
    """
import hashlib
h = hashlib.sha256(b'a')
"""
    h.update(b'b')


def v_hash_update_sha3():
    """
import hashlib
h = hashlib.sha3_256()
"""
    h.update(b'b')


def v_hash_update_blake2():
    """
import hashlib
h = hashlib.blake2b()
"""
    h.update(b'b')


def v_hash_update_by_a_file():
    """
import hashlib, io
h = hashlib.md5()
"""
    h.update(io.BytesIO(b'abc').getbuffer())


def v_hmac_update():
    """
import hmac
h = hmac.new(b'key', digestmod='sha256')
"""
    h.update(b'b')


def v_zlib_compress():
    """
import zlib
c = zlib.compressobj()
"""
    c.compress(b'abc')


def v_zlib_flush():
    """
import zlib
c = zlib.compressobj()
"""
    c.flush()


def v_zlib_decompress():
    """
import zlib
c = zlib.decompressobj()
"""
    c.decompress(zlib.compress(b'abc'))


def v_bz2_compress():
    """
import bz2
c = bz2.BZ2Compressor()
"""
    c.compress(b'abc')


def v_lzma_compress():
    """
import lzma
c = lzma.LZMACompressor()
"""
    c.compress(b'abc')


def v_pickler():
    """
import io, pickle
p = pickle.Pickler(io.BytesIO())
"""
    p.dump([1])


def v_pickler_memo():
    """
import io, pickle
p = pickle.Pickler(io.BytesIO())
"""
    p.clear_memo()


def v_unpickler():
    """
import io, pickle
p = pickle.Unpickler(io.BytesIO(pickle.dumps(1) * 2))
"""
    p.load()


def v_memory_bio():
    """
import ssl
b = ssl.MemoryBIO()
"""
    b.write(b'abc')


def v_gzip_seek_while_writing():
    """
import gzip, io
g = gzip.open(io.BytesIO(), 'wb')
"""
    g.seek(100)


def v_gzip_write():
    """
import gzip, io
g = gzip.open(io.BytesIO(), 'wb')
"""
    g.write(b'abc')


def v_zip_write():
    """
import io, zipfile
z = zipfile.ZipFile(io.BytesIO(), 'w')
"""
    z.writestr('a', 'b')


def v_tar_write():
    """
import io, tarfile
t = tarfile.open(fileobj=io.BytesIO(), mode='w')
"""
    t.addfile(tarfile.TarInfo('a'))
