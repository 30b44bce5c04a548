// Hostile records for clone::decode(), by libFuzzer: whatever the bytes are, the answer is an object or an error it is
// documented to raise. Crashes, overflows and leaks are for the sanitizers to see, so Python allocates with malloc.
//
// Two things about a record are not for the bytes to say. Its size is what the reader's memory is known to hold. And a
// pickle is a program, which may do anything by design: in its place stand leaves made here, as many as the header
// says, over the buffers the record brings.
#include "runtime/python/clone/clone.hpp"
#include "runtime/python/clone/record.hpp"
#include "runtime/python/clone/state.hpp"
#include "runtime/python/glue/reference.hpp"

#include <Python.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace {

using xpar::reference;
namespace clone = xpar::clone;

constexpr std::uint32_t k_most_leaves = 64;

std::uint32_t s_leaf_count = 0;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "clone_decode_fuzz: %s\n", what);
    if (PyErr_Occurred() != nullptr) {
        PyErr_Print();
    }
    std::abort();
}

// Hashable and not, atomic and not, and what lies in the record itself.
PyObject* make_leaf(std::uint32_t number, PyObject* buffers) {
    switch (number % 4) {
    case 0:
        return Py_NewRef(Py_Ellipsis);
    case 1:
        return PyList_New(0);
    case 2:
        return PyLong_FromUnsignedLong(number);
    default:
        return PySequence_List(buffers);
    }
}

// Stands in for _pickle.loads(pickle, buffers=...). Reads all of the pickle and of the buffers, as that would.
PyObject* load_leaves(PyObject*, PyObject* const* arguments, Py_ssize_t, PyObject*) {
    PyObject* const buffers = arguments[1];
    const reference all(PyTuple_Pack(2, arguments[0], buffers));
    for (Py_ssize_t i = -1; all && i < PyTuple_GET_SIZE(buffers); ++i) {
        const reference bytes(PyBytes_FromObject(i < 0 ? arguments[0] : PyTuple_GET_ITEM(buffers, i)));
        if (!bytes) {
            return nullptr;
        }
    }
    reference leaves(PyList_New(0));
    for (std::uint32_t i = 0; leaves && i < std::min(s_leaf_count, k_most_leaves); ++i) {
        const reference leaf(make_leaf(i, buffers));
        if (!leaf || PyList_Append(leaves.get(), leaf.get()) != 0) {
            return nullptr;
        }
    }
    return leaves.give();
}

PyMethodDef s_load_leaves = {"load_leaves", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(load_leaves)),
                             METH_FASTCALL | METH_KEYWORDS, nullptr};

// Lists of odd numbers exist; they are the type `slice`, which nothing else here makes.
PyObject* list_from_id(std::uint32_t id, std::uint32_t generation) {
    if (id % 2 == 0) {
        PyErr_SetString(PyExc_ReferenceError, "gone");
        return nullptr;
    }
    const reference key(PyLong_FromUnsignedLong(generation));
    return key ? PySlice_New(key.get(), nullptr, nullptr) : nullptr;
}

bool list_id_of(PyObject*, std::uint32_t& id) {
    id = 1;
    return true;
}

std::uint32_t list_generation_of(std::uint32_t id) {
    return id;
}

// What README.md says that decode raises; what rebuilding may raise without user code is a key that cannot be hashed.
bool is_documented_error() {
    if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_MemoryError) ||
        PyErr_ExceptionMatches(PyExc_ReferenceError)) {
        return true;
    }
    return PyErr_ExceptionMatches(PyExc_ValueError) != 0;
}

// What has been decoded must be an object in order: the encoder goes through all of it.
void encode_again(PyObject* object) {
    clone::encoder encoder;
    if (!encoder.encode(object)) {
        PyErr_Clear(); // a cycle that pickle refuses, say
        return;
    }
    const std::unique_ptr<std::byte, void (*)(void*)> record(
        static_cast<std::byte*>(std::aligned_alloc(64, (encoder.size() + 63) / 64 * 64)), std::free);
    encoder.write_to(record.get());
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    PyPreConfig early;
    PyPreConfig_InitIsolatedConfig(&early);
    early.allocator = PYMEM_ALLOCATOR_MALLOC;
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    if (PyStatus_Exception(Py_PreInitialize(&early)) != 0 ||
        PyStatus_Exception(Py_InitializeFromConfig(&config)) != 0) {
        fail("no interpreter");
    }
    PyConfig_Clear(&config);
    if (!clone::initialize()) {
        fail("no codec");
    }
    clone::set_reference_hooks({&PySlice_Type, list_id_of, list_from_id, list_generation_of});
    clone::state::get().pickle_loads = PyCFunction_New(&s_load_leaves, nullptr);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < sizeof(clone::record_shm)) {
        return -1; // not for the corpus
    }
    // Memory of exactly its size, so that the sanitizer sees the first byte too far.
    void* memory = nullptr;
    if (posix_memalign(&memory, clone::k_payload_alignment, size) != 0) {
        fail("no memory");
    }
    const std::unique_ptr<void, void (*)(void*)> owned(memory, std::free);
    std::memcpy(memory, data, size);
    clone::record_shm header;
    std::memcpy(&header, memory, sizeof header);
    header.size = size;
    header.magic = clone::k_magic;
    // Lists inside a pickle are the pickle's matter.
    header.flags = static_cast<std::uint16_t>(header.flags & ~clone::k_pickle_has_references);
    std::memcpy(memory, &header, sizeof header);
    s_leaf_count = 0;
    if (size >= sizeof header + sizeof(clone::record_extension_shm)) {
        clone::record_extension_shm extension;
        std::memcpy(&extension, static_cast<std::byte*>(memory) + sizeof header, sizeof extension);
        s_leaf_count = extension.leaf_count;
    }
    const reference object(clone::decode(static_cast<const std::byte*>(memory), nullptr));
    if (!object) {
        if (PyErr_Occurred() == nullptr || !is_documented_error()) {
            fail("neither an object nor a documented error");
        }
        PyErr_Clear();
    } else if (PyErr_Occurred() != nullptr) {
        fail("an object and an error");
    } else {
        encode_again(object.get());
    }
    if (PyGC_IsEnabled() == 0) {
        fail("the garbage collector has been left switched off");
    }
    return 0;
}
