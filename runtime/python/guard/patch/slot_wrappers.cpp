#include "runtime/python/guard/patch/slot_wrappers.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xpar::guard {
namespace {

using caller = PyObject* (*)(PyObject* self, PyObject* arguments, void* function);

std::unordered_map<void*, void*>* s_gates = nullptr; // by the slot's function

constexpr std::size_t k_callers = 16; // CPython 3.11 has 10 for slots that change something
std::array<caller, k_callers> s_originals{};
std::size_t s_used = 0;

template <std::size_t I>
PyObject* call(PyObject* self, PyObject* arguments, void* function) {
    const auto gate = s_gates->find(function);
    return s_originals[I](self, arguments, gate == s_gates->end() ? function : gate->second);
}

template <std::size_t... I>
constexpr std::array<caller, k_callers> all(std::index_sequence<I...>) noexcept {
    return {call<I>...};
}
constexpr std::array<caller, k_callers> k_replacements = all(std::make_index_sequence<k_callers>());

// Null when all are taken.
caller replacement_of(caller original) noexcept {
    std::size_t at = 0;
    while (at < s_used && s_originals[at] != original) {
        ++at;
    }
    if (at == k_callers) {
        return nullptr;
    }
    s_originals[at] = original;
    s_used = at < s_used ? s_used : at + 1;
    return k_replacements[at];
}

struct entry {
    wrapperbase* of;
    caller replacement; // null as long as no method of this name is led
};

// Where calls of a slot's function are described: from the entry of __repr__, which comes before all that change
// something, to the one without a name at the end.
std::vector<entry> read_table() {
    std::vector<entry> found;
    PyObject* const repr = PyDict_GetItemString(PyBaseObject_Type.tp_dict, "__repr__");
    if (repr != nullptr && Py_IS_TYPE(repr, &PyWrapperDescr_Type)) {
        for (wrapperbase* at = reinterpret_cast<PyWrapperDescrObject*>(repr)->d_base; at->name != nullptr; ++at) {
            found.push_back({at, nullptr});
        }
    }
    return found;
}

std::vector<entry>* s_table = nullptr;

bool can_be_led(const wrapperbase& by) noexcept {
    const std::string_view name = by.name;
    const bool is_in_table = !s_table->empty() && &by >= s_table->front().of && &by <= s_table->back().of;
    // object.__setattr__ and __delattr__ compare the function with the slots of self's type. A call with keywords has
    // another signature.
    return is_in_table && (by.flags & PyWrapperFlag_KEYWORDS) == 0 && name != "__setattr__" && name != "__delattr__";
}

} // namespace

bool lead_wrapper(const PyWrapperDescrObject& method, void* original, void* gate) noexcept {
    if (s_table == nullptr) {
        s_table = new std::vector<entry>(read_table());
        s_gates = new std::unordered_map<void*, void*>;
    }
    if (!can_be_led(*method.d_base)) {
        return false;
    }
    // All entries of a name: a class made in a context gets a slot only from a method that is called as the slot is.
    for (entry& each : *s_table) {
        if (each.replacement == nullptr && std::string_view(each.of->name) == method.d_base->name) {
            each.replacement = replacement_of(each.of->wrapper);
            if (each.replacement == nullptr) {
                return false;
            }
        }
    }
    s_gates->emplace(original, gate);
    return true;
}

void guard_slot_wrappers() noexcept {
    if (s_table == nullptr) {
        return;
    }
    for (const entry& each : *s_table) {
        if (each.replacement != nullptr) {
            each.of->wrapper = each.replacement;
        }
    }
}

} // namespace xpar::guard
