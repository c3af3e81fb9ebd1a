// NaiveModel: other parameters (ORDERLIFE 7). Everything is worked out when it is asked for, so little
// is to be done.
#include <algorithm>

#include "tests/support/naive_model.h"

namespace portcullis::support {

using namespace portcullis::risk;

// What has been spent stays spent, and comes back as before.
void ModelBucket::change(const ModelBucket& to, std::int64_t now) {
  const Int128 spent = most - credit_at(now);
  most = to.most;
  interval = to.interval;
  credit = most - spent;
  at = now;
}

bool NaiveModel::apply(const ChangeParameters& change) {
  tick(change.time);
  const Parameters& to = *change.to;
  if (change.replaces != parameters_.version || to.version <= parameters_.version) return false;
  for (std::size_t g = 0; g < tables_.size(); ++g) {
    if (to.groups[g].shock_ppm == parameters_.groups[g].shock_ppm) continue;
    oldest_tables_[g] = to.version;
  }
  const NaiveModel fresh(to);  // its buckets
  for (std::size_t a = 0; a < accounts_.size(); ++a) {
    accounts_[a].orders.change(fresh.accounts_[a].orders, clock_);
    accounts_[a].exits.change(fresh.accounts_[a].exits, clock_);
    accounts_[a].executions.change(fresh.accounts_[a].executions, clock_);
    const std::set<std::uint32_t> suspended_by = accounts_[a].suspended_by;
    for (const std::uint32_t session : suspended_by) {
      const auto& may_use = to.sessions[session].accounts;
      if (std::find(may_use.begin(), may_use.end(), AccountIndex{static_cast<std::uint32_t>(a)}) !=
          may_use.end()) {
        continue;
      }
      accounts_[a].suspended_by.erase(session);
      accounts_[a].flags |= kSuspended;
    }
  }
  for (std::size_t s = 0; s < sessions_.size(); ++s) {
    sessions_[s].orders.change(fresh.sessions_[s].orders, clock_);
    sessions_[s].exits.change(fresh.sessions_[s].exits, clock_);
  }
  parameters_ = to;
  return true;
}

}  // namespace portcullis::support
