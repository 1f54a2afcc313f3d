#pragma once

#include "format/kernels.h"

namespace velo {

/// The index stages of the kernels for CPUs with AVX-512 F, BW, DQ, VL, VBMI2 and BITALG (Ice Lake,
/// Zen 4 and later). Private to kernels_avx512*.cc.
void avx512_index_csv(const char* text, uint32_t bytes, char delimiter, char quote,
                      uint32_t* positions, IndexFacts* facts);
void avx512_index_csv_quoted(const char* text, uint32_t bytes, char delimiter, char quote,
                             uint32_t* positions, IndexFacts* facts);
void avx512_index_json(const char* text, uint32_t bytes, uint32_t* positions, IndexFacts* facts);

}  // namespace velo
