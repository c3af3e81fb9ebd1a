// A state as plain bytes. Whoever has one names its parts once, in the order of their declaration, to
// one of the classes below: they count the bytes, write them, read them back, and tell whether a
// reader knows them. So nothing that is saved can be forgotten in loading.
//
//   one(x)       a value
//   first(v, n)  the first n elements of an array; the rest is as it was constructed
//   all(v)       all of them
//   same(x)      a value that must be there again when it is loaded
//   rebuilt(x)   worked out anew from the others after loading
//   fixed(x)     follows from the construction, or means nothing from one call to the next
//
// Values are trivially copyable and hold no pointer. The bytes are those of this machine's layout:
// LayoutHash tells whether it is the same one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace portcullis::risk {

// How many bytes.
class StateBytes {
 public:
  template <class T>
  void one(const T&) {
    bytes_ += sizeof(T);
  }
  template <class T, class A>
  void first(const std::vector<T, A>&, std::size_t count) {
    bytes_ += 2 * sizeof(std::uint64_t) + count * sizeof(T);
  }
  template <class T, class A>
  void all(const std::vector<T, A>& values) {
    first(values, values.size());
  }
  template <class T>
  void same(const T& value) {
    one(value);
  }
  template <class T>
  void rebuilt(const T&) {}
  template <class T>
  void fixed(const T&) {}

  [[nodiscard]] std::size_t count() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

// Which kinds of parts there are, and how large: a change of a struct that does not keep its size, a
// part more or less, or another order make another hash.
class LayoutHash {
 public:
  template <class T>
  void one(const T&) {
    add(1, sizeof(T), alignof(T));
  }
  template <class T, class A>
  void first(const std::vector<T, A>&, std::size_t) {
    add(2, sizeof(T), alignof(T));
  }
  template <class T, class A>
  void all(const std::vector<T, A>&) {
    add(3, sizeof(T), alignof(T));
  }
  template <class T>
  void same(const T&) {
    add(4, sizeof(T), alignof(T));
  }
  template <class T>
  void rebuilt(const T&) {
    add(5, 0, 0);
  }
  template <class T>
  void fixed(const T&) {}

  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void add(std::uint64_t kind, std::uint64_t size, std::uint64_t alignment) {
    hash_ = (hash_ ^ (kind << 56 | alignment << 48 | size)) * 0x9E3779B97F4A7C15ULL;
    hash_ ^= hash_ >> 29;
  }
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

// REQUIRES room for what StateBytes has counted.
class StateWriter {
 public:
  explicit StateWriter(std::span<std::byte> out) : out_(out) {}

  template <class T>
  void one(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
    put(std::as_bytes(std::span(&value, 1)));
  }
  template <class T, class A>
  void first(const std::vector<T, A>& values, std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
    one(std::uint64_t{values.size()});
    one(std::uint64_t{count});
    put(std::as_bytes(std::span(values).first(count)));
  }
  template <class T, class A>
  void all(const std::vector<T, A>& values) {
    first(values, values.size());
  }
  template <class T>
  void same(const T& value) {
    one(value);
  }
  template <class T>
  void rebuilt(const T&) {}
  template <class T>
  void fixed(const T&) {}

 private:
  void put(std::span<const std::byte> bytes) {
    std::copy_n(bytes.begin(), bytes.size(), out_.begin());
    out_ = out_.subspan(bytes.size());
  }
  std::span<std::byte> out_;
};

// Stops at the first part that does not fit; what has been read until then stays.
class StateReader {
 public:
  explicit StateReader(std::span<const std::byte> in) : in_(in) {}

  template <class T>
  void one(T& value) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
    get(std::as_writable_bytes(std::span(&value, 1)));
  }
  template <class T, class A>
  void first(std::vector<T, A>& values, std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
    same(std::uint64_t{values.size()});
    same(std::uint64_t{count});
    if (problem_ == nullptr && count > values.size()) problem_ = "an array is too long";
    if (problem_ == nullptr) get(std::as_writable_bytes(std::span(values).first(count)));
  }
  template <class T, class A>
  void all(std::vector<T, A>& values) {
    first(values, values.size());
  }
  template <class T>
  void same(const T& value) {
    T there{};
    one(there);
    if (problem_ == nullptr && there != value) problem_ = "another size or name than here";
  }
  template <class T>
  void rebuilt(const T&) {}
  template <class T>
  void fixed(const T&) {}

  // Null: everything was there and nothing more.
  [[nodiscard]] const char* problem() const {
    if (problem_ == nullptr && !in_.empty()) return "there is more than a state";
    return problem_;
  }

 private:
  void get(std::span<std::byte> bytes) {
    if (problem_ == nullptr && bytes.size() > in_.size()) problem_ = "it ends too early";
    if (problem_ != nullptr) return;
    std::copy_n(in_.begin(), bytes.size(), bytes.begin());
    in_ = in_.subspan(bytes.size());
  }
  std::span<const std::byte> in_;
  const char* problem_ = nullptr;
};

}  // namespace portcullis::risk
