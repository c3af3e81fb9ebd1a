// The one executable: every part of the product is a subcommand.
#include <CLI/CLI.hpp>

#include "gateway/client/command.h"
#include "gateway/commands/audit.h"
#include "gateway/commands/calibrate.h"
#include "gateway/commands/check.h"
#include "gateway/commands/control.h"
#include "gateway/commands/feed.h"
#include "gateway/commands/journal.h"
#include "gateway/commands/margin.h"
#include "gateway/commands/password.h"
#include "gateway/commands/reconcile.h"
#include "gateway/commands/reload.h"
#include "gateway/commands/replay.h"
#include "gateway/commands/run.h"
#include "gateway/commands/state.h"
#include "gateway/commands/tune.h"
#include "gateway/venue_sim/command.h"

// NOLINTNEXTLINE(bugprone-exception-escape): nothing is caught that says more than the exception
int main(int argc, char** argv) {
  CLI::App app("Portcullis: a pre-trade risk gate for exchanges");
  app.require_subcommand(1);
  portcullis::gateway::add_run_command(app);
  portcullis::gateway::add_check_command(app);
  portcullis::gateway::add_margin_command(app);
  portcullis::gateway::add_reload_command(app);
  portcullis::gateway::add_replay_command(app);
  portcullis::gateway::add_journal_command(app);
  portcullis::gateway::add_audit_command(app);
  portcullis::gateway::add_state_command(app);
  portcullis::gateway::add_reconcile_command(app);
  portcullis::gateway::add_password_command(app);
  portcullis::gateway::add_feed_command(app);
  portcullis::gateway::add_calibrate_command(app);
  portcullis::gateway::add_tune_command(app);
  portcullis::gateway::add_control_commands(app);
  portcullis::gateway::add_token_command(app);
  portcullis::gateway::venue_sim::add_venue_command(app);
  portcullis::gateway::client::add_client_command(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
