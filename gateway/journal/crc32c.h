// CRC-32C (Castagnoli: reflected polynomial 0x82F63B78, initial value and final XOR all ones), the
// checksum of iSCSI and ext4. crc32c("123456789") is 0xE3069283.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace portcullis::gateway::journal {

// The checksum of `bytes`, by the processor's own instruction where it has one (SSE 4.2), else by
// table. Any thread.
std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept;

// The two ways by name, so that a test can compare them.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes) noexcept;
// REQUIRES: crc32c_instruction_available().
std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes) noexcept;
bool crc32c_instruction_available() noexcept;

}  // namespace portcullis::gateway::journal
