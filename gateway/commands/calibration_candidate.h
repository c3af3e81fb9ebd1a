// A candidate configuration: a base folder with the parameters that a calibration proposes in it.
//
// What changes, and nothing else:
//   margin.json   the ranges of the grids of one per-group set, for every calibrated factor: its
//                 shock, up to the next whole number of ppm in the grid's steps, at most 1.
//                 Groups of calibrated factors without a grid there get one of 9 points in the set
//                 calibrated_range.
//                 Histories (of ES sets) become the newest joint rows; where the base has none, the
//                 set calibrated_history, joint, ES at the floor's tail, weight 0.8 (EMIR RTS
//                 153/2013, Article 27: at most 80 % of what offsetting saves).
//                 calibrated_apart, per group: each two calibrated factors of a group against each
//                 other, both ways, by ES at the shock's tail of their spread, shared in the
//                 proportion of their shocks, at most the shocks themselves.
//                 calibrated_breaks, joint, a warning: the joint rows with each factor's worst fall
//                 and rise; all factors down and up by their shocks; each group against
//                 the rest, both ways.
//   assets.json   of assets with a calibrated factor: the residual haircut of the first tier and
//                 debt_addon as proposed; the haircut, residual and the deepest fall of the enforced
//                 sets, as the loader demands. Further tiers keep their distance. A static asset is
//                 cut by the fall of its sale, and its debt raised by the rise. Maintenance tiers
//                 stay, but for what the loader demands.
//   limits.json   version, one more; leverage_max and leverage_brackets: at most the cap of the
//                 factor with the smallest shock, never more than the base has; collars that the loader
//                 refuses beside the new shocks, lowered by tenths until it takes them.
// Factors of the base without a history keep their grids and move in no calibrated column; each has to
// be named in `keep`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/problem.h"
#include "feeds/calibration/proposal.h"

namespace portcullis::gateway {

using ConfigTexts = std::map<std::string, std::string>;  // by file name

struct CandidateOptions {
  std::string set{};                // the per-group set whose grids change; empty: the only one
  std::vector<std::string> keep{};  // factors without a history
  std::size_t rows = 0;             // of histories; 0: as many as the base has, or 500
};

struct CandidateChange {
  std::string file{};
  std::string path{};
  std::string before{};  // empty: it was not there
  std::string after{};
};

struct Candidate {
  ConfigTexts texts{};  // loaded without a problem; whole only without problems
  std::vector<CandidateChange> changes{};
  std::vector<config::Problem> problems{};
};

// The files of a deployment or model folder that the loader reads. Throws std::runtime_error.
[[nodiscard]] ConfigTexts read_configuration(const std::string& folder);

[[nodiscard]] Candidate make_candidate(const ConfigTexts& base,
                                       const feeds::calibration::Evidence& evidence,
                                       const CandidateOptions& options);

}  // namespace portcullis::gateway
