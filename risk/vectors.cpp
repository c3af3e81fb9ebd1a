#include "risk/vectors.h"

#include "risk/vector_passes.h"

namespace portcullis::risk {

namespace {

// The passes, each compiled with the attributes that are given, and their table.
#define PORTCULLIS_VECTOR_CODE(code, title, wide, ...)                                             \
  struct code {                                                                                    \
    __VA_ARGS__ static void add_row(std::int64_t* out, const std::int64_t* in,                     \
                                    const std::int32_t* row, std::size_t columns, std::int64_t up, \
                                    std::int64_t down, std::int64_t constant) {                    \
      passes::add_row(out, in, row, columns, up, down, constant);                                  \
    }                                                                                              \
    __VA_ARGS__ static void add_gains(std::int64_t* sums, const std::int64_t* vector,              \
                                      std::size_t columns, const GainHaircut& haircut) {           \
      passes::add_gains(sums, vector, columns, haircut);                                           \
    }                                                                                              \
    __VA_ARGS__ static void take_gains(std::int64_t* sums, const std::int64_t* vector,             \
                                       std::size_t columns, const GainHaircut& haircut) {          \
      passes::take_gains(sums, vector, columns, haircut);                                          \
    }                                                                                              \
    __VA_ARGS__ static void change_gains(std::int64_t* out, const std::int64_t* in,                \
                                         const std::int64_t* old, const std::int64_t* now,         \
                                         std::size_t columns, const GainHaircut& haircut) {        \
      passes::change_gains(out, in, old, now, columns, haircut);                                   \
    }                                                                                              \
    __VA_ARGS__ static void fold(std::int64_t* low, const std::int64_t* raw,                       \
                                 std::size_t columns) {                                            \
      passes::fold(low, raw, columns);                                                             \
    }                                                                                              \
    __VA_ARGS__ static std::int64_t least(const std::int64_t* vector, std::size_t columns) {       \
      return passes::least(vector, columns);                                                       \
    }                                                                                              \
    __VA_ARGS__ static VectorCode::Tail tail(const std::int64_t* vector, std::size_t columns,      \
                                             std::size_t whole) {                                  \
      return passes::tail<wide>(vector, columns, whole);                                           \
    }                                                                                              \
    static constexpr VectorCode kCode{title,        add_row, add_gains, take_gains,                \
                                      change_gains, fold,    least,     tail};                     \
  }

PORTCULLIS_VECTOR_CODE(Plain, "plain", 2, );
#ifdef __x86_64__
PORTCULLIS_VECTOR_CODE(Avx2, "avx2", 4, [[gnu::target("avx2")]]);
PORTCULLIS_VECTOR_CODE(Avx512, "avx512", 8, [[gnu::target("avx512f,avx512dq,avx512bw,avx512vl")]]);
#endif
#undef PORTCULLIS_VECTOR_CODE

struct Codes {
  std::array<const VectorCode*, 3> at{&Plain::kCode};
  std::size_t count = 1;
};

Codes codes_here() noexcept {
  Codes codes;
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) codes.at[codes.count++] = &Avx2::kCode;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    codes.at[codes.count++] = &Avx512::kCode;
  }
#endif
  return codes;
}

const Codes codes = codes_here();

}  // namespace

std::span<const VectorCode* const> vector_codes() noexcept {
  return {codes.at.data(), codes.count};
}
// Until the best is chosen, for who runs an engine before main(), it is the plainest.
constinit const VectorCode* vector_code = &Plain::kCode;
namespace {
[[maybe_unused]] const bool is_chosen = (vector_code = vector_codes().back(), true);
}

std::int64_t expected_shortfall(Vector vector, std::int64_t tail_numerator,
                                std::int64_t tail_denominator) noexcept {
  if (vector.empty()) return 0;
  // The tail holds mass / tail_denominator columns, at most all of them.
  const auto columns = static_cast<std::int64_t>(vector.size());
  const std::int64_t mass = tail_numerator * columns;  // at most 1e6 * kColumnsMax
  const std::int64_t whole = mass / tail_denominator;
  Int128 losses = 0;  // times tail_denominator
  if (whole == columns) {
    for (const std::int64_t x : vector) losses -= x;
    losses *= tail_denominator;
  } else {
    const VectorCode::Tail tail =
        vector_code->tail(vector.data(), vector.size(), static_cast<std::size_t>(whole));
    losses = -tail.sum * tail_denominator - Int128{mass - tail_denominator * whole} * tail.next;
  }
  if (losses <= 0) return 0;
  return static_cast<std::int64_t>(
      std::min<Int128>(ceil_div(losses, mass), std::numeric_limits<std::int64_t>::max()));
}

}  // namespace portcullis::risk
