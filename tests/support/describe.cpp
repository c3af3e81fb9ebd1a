// Commands and parameters as text, for the report of a failed property test.
#include <sstream>

#include "tests/support/random_world.h"

namespace portcullis::support {

using namespace portcullis::risk;

namespace {

std::string name(std::uint32_t index) {
  return index == kNil ? std::string("none") : std::to_string(index);
}

struct Text {
  std::ostringstream out;

  void operator()(const NewOrder& o) {
    out << "NewOrder s" << name(o.session.value) << " ref " << o.client_ref << " a"
        << name(o.account.value) << " i" << name(o.instrument.value) << " side " << int(o.side)
        << " " << o.quantity.raw << " @ " << o.price.raw << " type " << int(o.ord_type) << " tif "
        << int(o.time_in_force) << " min " << o.min_quantity.raw << " flags " << o.flags << " form "
        << int(o.form) << "/" << int(o.unsupported);
  }
  void operator()(const ReplaceOrder& r) {
    out << "Replace s" << r.session.value << " ref " << r.original_ref << " -> " << r.client_ref
        << " total " << r.total.raw << " @ " << r.price.raw << " type " << int(r.ord_type)
        << " tif " << int(r.time_in_force) << " flags " << r.flags << " form " << int(r.form) << "/"
        << int(r.unsupported);
  }
  void operator()(const CancelOrder& c) {
    out << "Cancel s" << c.session.value << " ref " << c.client_ref << " total " << c.total.raw;
  }
  void operator()(const VenueEvent& e) {
    static constexpr const char* kNames[] = {"Accepted",    "Replaced", "Executed", "Canceled",
                                             "AiqCanceled", "Rejected", "Broken",   "Void"};
    out << "Venue " << kNames[int(e.type)] << " number " << e.number << " other " << e.other << " "
        << e.quantity.raw << " @ " << e.price.raw << " match " << e.match
        << (e.dead ? " dead" : "");
  }
  void operator()(const MarkUpdate& u) {
    out << "Mark i" << u.instrument.value << " = " << u.mark.raw << " as of "
        << u.as_of.ns - u.time.ns;
  }
  void operator()(const IndexUpdate& u) {
    out << "Index asset " << u.asset.value << " = " << u.index << " as of "
        << u.as_of.ns - u.time.ns;
  }
  void operator()(const SetPriceState& s) {
    out << "PriceState " << (s.kind == PriceKind::Mark ? "i" : "asset ") << s.target
        << (s.state == PriceState::Unsafe ? " unsafe" : " safe");
  }
  void operator()(const LoadBalance& l) {
    out << "LoadBalance a" << l.account.value << " asset " << l.asset.value << " " << l.units;
  }
  void operator()(const LoadPosition& l) {
    out << "LoadPosition a" << l.account.value << " i" << l.instrument.value << " " << l.lots.raw
        << " @ " << l.entry.raw;
  }
  void operator()(const Control& c) {
    out << "Control scope " << int(c.scope) << " target " << c.target << " action " << int(c.action)
        << " by " << name(c.by.value);
  }
  void operator()(const SetCondition& c) {
    out << "Condition " << int(c.condition) << (c.on ? " on" : " off");
  }
  void operator()(const Transfer& t) {
    out << "Transfer a" << name(t.from.value) << " -> a" << name(t.to.value) << " asset "
        << t.asset.value << " " << t.units;
  }
  void operator()(const IsolatedOrder& o) {
    out << "Isolated with " << o.units << ": ";
    (*this)(o.order);
  }
  void operator()(const Borrow& b) {
    out << "Borrow a" << b.account.value << " asset " << b.asset.value << " " << b.units;
  }
  void operator()(const Interest& i) {
    out << "Interest a" << i.account.value << " asset " << i.asset.value << " " << i.units;
  }
  void operator()(const Conversion& c) {
    out << "Conversion a" << c.account.value << " " << c.given << " of asset " << c.from.value
        << " for " << c.got << " of " << c.to.value;
  }
  void operator()(const PositionTransfer& t) {
    out << "PositionTransfer a" << t.from.value << " -> a" << t.to.value << " i"
        << t.instrument.value << " " << t.lots.raw << " @ " << t.price.raw;
  }
  void operator()(const FundingUpdate& f) {
    out << "Funding i" << f.instrument.value << " paid " << f.paid << " predicted " << f.predicted;
  }
  void operator()(const Realise& r) { out << "Realise a" << r.account.value; }
  void operator()(const Expire& e) {
    out << "Expire i" << e.instrument.value << " @ " << e.price.raw;
  }
  void operator()(const Split& s) {
    out << "Split i" << s.instrument.value << " " << s.numerator << "/" << s.denominator << " mark "
        << s.mark.raw;
  }
  void operator()(const Recheck& r) { out << "Recheck a" << r.account.value; }
  void operator()(const DayStart& d) { out << "DayStart a" << d.account.value; }
  void operator()(const LeverageCap& c) { out << "LeverageCap " << c.max_ppm; }
  void operator()(const RaiseNumber& r) { out << "RaiseNumber " << r.next; }
  void operator()(const Consume& c) {
    out << "Consume s" << c.session.value << " ref " << c.client_ref;
  }
  void operator()(const AdoptOrder& o) {
    out << "Adopt number " << o.number << " a" << name(o.account.value) << " i"
        << o.instrument.value << " side " << int(o.side) << " " << o.quantity.raw << " @ "
        << o.price.raw;
  }
  void operator()(const PublishTable& t) {
    out << "PublishTable group " << t.group.value << " id " << t.id << " seed " << t.seed;
    for (const Anchor& anchor : t.anchors)
      out << " anchor " << anchor.instrument.value << " at " << anchor.mark.raw;
  }
  void operator()(const ChangeParameters& c) {
    out << "ChangeParameters " << c.replaces << " -> " << c.to->version;
  }
  void operator()(const OpenInterestUpdate& o) {
    out << "OpenInterest i" << o.instrument.value << " = " << o.lots.raw;
  }
};

}  // namespace

std::string describe(const Command& command) {
  Text text;
  std::visit(text, command);
  std::visit(
      [&](const auto& c) {
        if constexpr (requires { c.time; }) text.out << " t " << c.time.ns % 1'000'000'000'000;
      },
      command);
  return text.out.str();
}

}  // namespace portcullis::support
