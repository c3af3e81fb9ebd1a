// The JSON Schemas for editors say what the loader says: the shipped example and a model with every
// key pass them, and a key, number or word that the one refuses, the other refuses too.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "config/load.h"
#include "config/state_file.h"
#include "tests/support/example_config.h"
#include "tests/support/paths.h"
#include "tests/support/shipped_models.h"

namespace portcullis::config::config_schema_test {
namespace {

using test::Change;
using test::Sample;
using test::Texts;

// As much of draft 7 as our schemas use. The first place that does not fit, or nothing.
class Schema {
 public:
  explicit Schema(const std::string& name)
      : root_(parse_json(test::read_file(std::filesystem::path(test::source_dir()) / "config" /
                                         "schema" / (name + ".schema.json")))
                  .json) {}

  [[nodiscard]] std::string misfit(const Json& json) const { return misfit(json, root_, ""); }

  // The schema of the value at a path in a document that fits.
  [[nodiscard]] const Json* at(const Json& json, const std::string& path) const {
    const Json* found = nullptr;
    walk(json, root_, "", [&](const std::string& here, const Json& schema) {
      if (here == path) found = &schema;
    });
    return found;
  }

  // Visits every value with its schema.
  template <class Visit>
  void walk(const Json& json, const Json& schema, const std::string& path, Visit visit) const {
    const Json& s = resolve(json, schema);
    visit(path, s);
    for (const JsonMember& member : json.members) {
      const Json* inner = member_schema(s, member.name);
      if (inner == nullptr) continue;
      walk(member.value, *inner, path.empty() ? member.name : path + "." + member.name, visit);
    }
    const Json* items = s.find("items");
    for (std::size_t i = 0; items != nullptr && i < json.items.size(); ++i) {
      walk(json.items[i], *items, path + "[" + std::to_string(i) + "]", visit);
    }
  }
  [[nodiscard]] const Json& root() const { return root_; }

 private:
  static bool has_type(const Json& json, const std::string& type) {
    switch (json.kind) {
      case Json::Kind::Null:
        return type == "null";
      case Json::Kind::Bool:
        return type == "boolean";
      case Json::Kind::Integer:
        return type == "integer" || type == "number";
      case Json::Kind::Number:
        return type == "number";
      case Json::Kind::Text:
        return type == "string";
      case Json::Kind::Array:
        return type == "array";
      case Json::Kind::Object:
        return type == "object";
    }
    return false;
  }

  static const Json* member_schema(const Json& schema, const std::string& name) {
    if (const Json* properties = schema.find("properties")) {
      if (const Json* property = properties->find(name)) return property;
    }
    const Json* others = schema.find("additionalProperties");
    return others != nullptr && others->kind == Json::Kind::Object ? others : nullptr;
  }

  const Json& definition_of(const Json& reference) const {
    const std::string name = reference.text.substr(std::string("#/definitions/").size());
    const Json* definition = root_.find("definitions")->find(name);
    EXPECT_NE(definition, nullptr) << reference.text;
    return *definition;
  }

  // Follows a reference, and takes the alternative of a oneOf that fits.
  const Json& resolve(const Json& json, const Json& schema) const {
    if (const Json* reference = schema.find("$ref")) {
      return resolve(json, definition_of(*reference));
    }
    const Json* choices = schema.find("oneOf");
    if (choices == nullptr || schema.find("properties") != nullptr) return schema;
    for (const Json& choice : choices->items) {
      if (misfit(json, choice, "").empty()) return resolve(json, choice);
    }
    return schema;
  }

  std::string misfit(const Json& json, const Json& given, const std::string& path) const {
    if (const Json* reference = given.find("$ref")) {
      return misfit(json, definition_of(*reference), path);
    }
    if (const Json* choices = given.find("oneOf")) {
      const auto fits = [&](const Json& choice) { return misfit(json, choice, path).empty(); };
      if (std::count_if(choices->items.begin(), choices->items.end(), fits) != 1) {
        return path + ": not one of the choices";
      }
    }
    const Json& schema = resolve(json, given);
    if (const Json* type = schema.find("type")) {
      const bool fits =
          type->kind == Json::Kind::Text
              ? has_type(json, type->text)
              : std::any_of(type->items.begin(), type->items.end(),
                            [&](const Json& one) { return has_type(json, one.text); });
      if (!fits) return path + ": type";
    }
    if (const Json* values = schema.find("enum")) {
      const auto same = [&](const Json& value) { return to_text(value) == to_text(json); };
      if (std::none_of(values->items.begin(), values->items.end(), same)) return path + ": enum";
    }
    if (const Json* value = schema.find("const"); value && to_text(*value) != to_text(json)) {
      return path + ": const";
    }
    if (json.kind == Json::Kind::Integer) {
      const Json* minimum = schema.find("minimum");
      const Json* maximum = schema.find("maximum");
      if (minimum && json.integer < minimum->integer) return path + ": minimum";
      if (maximum && json.integer > maximum->integer) return path + ": maximum";
    }
    if (const Json* pattern = schema.find("pattern"); pattern && json.kind == Json::Kind::Text) {
      if (!std::regex_search(json.text, std::regex(pattern->text))) return path + ": pattern";
    }
    return misfit_inside(json, schema, path);
  }

  std::string misfit_inside(const Json& json, const Json& schema, const std::string& path) const {
    if (const Json* required = schema.find("required")) {
      for (const Json& name : required->items) {
        if (json.find(name.text) == nullptr) return path + "." + name.text + ": required";
      }
    }
    const Json* dependencies = schema.find("dependencies");
    for (const JsonMember& given :
         dependencies != nullptr ? dependencies->members : std::vector<JsonMember>{}) {
      for (const Json& name : given.value.items) {
        if (json.find(given.name) != nullptr && json.find(name.text) == nullptr)
          return path + "." + name.text + ": dependencies";
      }
    }
    const Json* minimum = schema.find("minProperties");
    if (minimum && std::ssize(json.members) < minimum->integer) return path + ": minProperties";
    for (const JsonMember& member : json.members) {
      const std::string member_path = path + "." + member.name;
      const Json* names = schema.find("propertyNames");
      if (names && !std::regex_search(member.name, std::regex(names->find("pattern")->text))) {
        return member_path + ": propertyNames";
      }
      const Json* inner = member_schema(schema, member.name);
      const Json* others = schema.find("additionalProperties");
      if (inner == nullptr && others != nullptr) return member_path + ": additionalProperties";
      if (inner == nullptr) continue;
      if (std::string wrong = misfit(member.value, *inner, member_path); !wrong.empty())
        return wrong;
    }
    const Json* items = schema.find("items");
    for (std::size_t i = 0; items != nullptr && i < json.items.size(); ++i) {
      std::string wrong = misfit(json.items[i], *items, path + "[" + std::to_string(i) + "]");
      if (!wrong.empty()) return wrong;
    }
    const Json* fewest = schema.find("minItems");
    if (fewest && std::ssize(json.items) < fewest->integer) return path + ": minItems";
    return "";
  }

  Json root_;
};

std::string schema_of(const std::string& file) { return file.substr(0, file.find('.')); }

Json json_of(const Sample& sample, const std::string& file) {
  return parse_json(sample.texts.at(file)).json;
}

Json example_json(const std::string& name) {
  return parse_json(test::read_example()[name + ".json"]).json;
}

// Calls visit(sample, file, schema, json) for every file of the samples.
template <class Visit>
void each_file(Visit visit) {
  for (const Sample& sample : test::samples()) {
    for (const std::string& file : sample.files) {
      visit(sample, file, Schema(schema_of(file)), json_of(sample, file));
    }
  }
}

TEST(ConfigSchema, TheSamplesPass) {
  each_file([](const Sample&, const std::string& file, const Schema& schema, const Json& json) {
    EXPECT_EQ(schema.misfit(json), "") << file;
  });
  EXPECT_EQ(Schema("state").misfit(example_json("demo-state")), "");
  EXPECT_EQ(
      Schema("commands")
          .misfit(
              parse_json(R"({"by": "x", "commands": [{"action": "kill", "node": "demo"}]})").json),
      "");
}

TEST(ConfigSchema, TheShippedModelsPass) {
  for (const std::string& model : test::shipped_models()) {
    for (const std::string name : {"assets", "instruments", "limits", "margin"}) {
      const std::string text = test::read_file(test::shipped_folder(model) / (name + ".json"));
      EXPECT_EQ(Schema(name).misfit(parse_json(text).json), "") << model << " " << name;
    }
  }
}

// The validator above does refuse.
TEST(ConfigSchema, WrongFilesDoNotPass) {
  EXPECT_NE(Schema("commands")
                .misfit(parse_json(R"({"by": "x", "commands": [{"action": "kill"}]})").json),
            "");
  EXPECT_NE(Schema("process").misfit(parse_json("{}").json), "");
  EXPECT_NE(Schema("feeds").misfit(example_json("process")), "");
}

std::vector<Problem> problems_with(const Sample& sample, const Change& change, Json& changed) {
  Texts texts = sample.texts;
  test::apply(texts, change);
  changed = parse_json(texts[change.file]).json;
  return sample.load(texts).problems;
}

bool is_told(const std::vector<Problem>& problems, const std::string& path, std::string_view what) {
  return std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
    return problem.path == path && problem.what.find(what) != std::string::npos;
  });
}

// Keys that other keys ask for, which the schemas say in words.
bool is_asked_for(const std::string& path) {
  const std::set<std::string> keys{
      "residual_haircut", "tail",       "per_lot",       "lot_value_max", "table_age_max_ms",
      "table_move_max",   "volatility", "isolated_from", "isolated_in",   "return_after_ms"};
  return keys.contains(path.substr(path.rfind('.') + 1));
}

TEST(ConfigSchema, RequiresTheKeysThatTheLoaderRequires) {
  int compared = 0;
  each_file([&](const Sample& sample, const std::string& file, const Schema& schema,
                const Json& json) {
    schema.walk(json, schema.root(), "", [&](const std::string& path, const Json&) {
      if (path.empty() || path.ends_with(']')) return;
      Json changed;
      const auto problems = problems_with(sample, {Change::Kind::Remove, file, path, ""}, changed);
      // Names are required by other names, which no schema can say.
      const std::string parent = path.substr(0, path.find('.') == path.npos ? 0 : path.rfind('.'));
      const Json* parent_schema = schema.at(json, parent);
      const bool is_name =
          parent_schema == nullptr || parent_schema->find("properties") == nullptr ||
          parent_schema->find("properties")
                  ->find(path.substr(parent.empty() ? 0 : parent.size() + 1)) == nullptr;
      if (is_name) return;
      const bool is_missing = is_told(problems, path, "is missing");
      if (is_missing && is_asked_for(path)) return;
      const std::string misfit = schema.misfit(changed);
      EXPECT_FALSE(is_missing && misfit.empty()) << file << ": " << path;
      EXPECT_FALSE(problems.empty() && !misfit.empty()) << file << ": " << path << ": " << misfit;
      ++compared;
    });
  });
  EXPECT_GT(compared, 800);
}

TEST(ConfigSchema, RefusesTheKeysThatTheLoaderRefuses) {
  int compared = 0;
  each_file(
      [&](const Sample& sample, const std::string& file, const Schema& schema, const Json& json) {
        schema.walk(json, schema.root(), "", [&](const std::string& path, const Json& here) {
          if (here.find("properties") == nullptr) return;
          Json changed;
          const std::string key = path.empty() ? "zzz" : path + ".zzz";
          problems_with(sample, {Change::Kind::Add, file, key, "1"}, changed);
          EXPECT_NE(schema.misfit(changed), "") << file << ": " << path;
          ++compared;
        });
      });
  EXPECT_GT(compared, 200);
}

TEST(ConfigSchema, HasTheLoadersBoundsOfNumbers) {
  int compared = 0;
  each_file([&](const Sample& sample, const std::string& file, const Schema& schema,
                const Json& json) {
    schema.walk(json, schema.root(), "", [&](const std::string& path, const Json& here) {
      const Json* minimum = here.find("minimum");
      const Json* maximum = here.find("maximum");
      if (minimum == nullptr || maximum == nullptr) return;
      const auto is_refused = [&](std::int64_t value) {
        Json changed;
        const auto problems =
            problems_with(sample, {Change::Kind::Set, file, path, std::to_string(value)}, changed);
        return is_told(problems, path, "must be a whole number from");
      };
      EXPECT_FALSE(is_refused(minimum->integer)) << file << ": " << path;
      EXPECT_FALSE(is_refused(maximum->integer)) << file << ": " << path;
      EXPECT_TRUE(is_refused(minimum->integer - 1)) << file << ": " << path;
      EXPECT_TRUE(is_refused(maximum->integer + 1)) << file << ": " << path;
      ++compared;
    });
  });
  EXPECT_GT(compared, 150);
}

// Words too: of an enum, each is taken by the loader as a word, and no other.
TEST(ConfigSchema, HasTheLoadersWords) {
  int compared = 0;
  each_file([&](const Sample& sample, const std::string& file, const Schema& schema,
                const Json& json) {
    schema.walk(json, schema.root(), "", [&](const std::string& path, const Json& here) {
      const Json* words = here.find("enum");
      if (words == nullptr || words->items[0].kind != Json::Kind::Text) return;
      const auto is_refused = [&](const std::string& word) {
        Json changed;
        const auto problems =
            problems_with(sample, {Change::Kind::Set, file, path, quote(word)}, changed);
        for (const Json& known : words->items) {
          if (!is_told(problems, path, "must be ") || !is_told(problems, path, quote(known.text)))
            return false;
        }
        return true;
      };
      EXPECT_TRUE(is_refused("zzz")) << file << ": " << path;
      for (const Json& word : words->items) {
        EXPECT_FALSE(is_refused(word.text)) << file << ": " << path;
      }
      ++compared;
    });
  });
  EXPECT_GT(compared, 50);
}

// Calls visit(path, property) for every property that a schema declares.
template <class Visit>
void each_property(const Json& schema, const std::string& path, const Visit& visit) {
  for (const JsonMember& member : schema.members) {
    if (member.name == "properties") {
      for (const JsonMember& property : member.value.members) {
        visit(path + "." + property.name, property.value);
      }
    }
    each_property(member.value, path + "." + member.name, visit);
  }
  for (const Json& item : schema.items) each_property(item, path, visit);
}

TEST(ConfigSchema, DescribesEveryKey) {
  for (const std::string name : {"assets", "commands", "feeds", "instruments", "limits", "margin",
                                 "process", "sessions", "state"}) {
    int described = 0;
    each_property(Schema(name).root(), name, [&](const std::string& path, const Json& property) {
      if (path.ends_with(".$schema")) return;
      EXPECT_NE(property.find("description"), nullptr) << path;
      ++described;
    });
    EXPECT_GT(described, 4) << name;
  }
}

// What the schemas declare is somewhere in the samples, so that the tests above have seen it.
TEST(ConfigSchema, TheSamplesHaveEveryKey) {
  std::map<std::string, std::set<std::string>> seen;  // last keys by file
  each_file([&](const Sample&, const std::string& file, const Schema& schema, const Json& json) {
    schema.walk(json, schema.root(), "", [&](const std::string& path, const Json&) {
      seen[file].insert(path.substr(path.rfind('.') + 1));
    });
  });
  const std::set<std::string> not_there{"$schema",       "fixed",         "no_feed",
                                        "password_file", "password_hash", "secret_file"};
  for (const auto& in_file : seen) {
    each_property(Schema(schema_of(in_file.first)).root(), in_file.first,
                  [&](const std::string& path, const Json&) {
                    const std::string key = path.substr(path.rfind('.') + 1);
                    if (not_there.contains(key)) return;
                    EXPECT_TRUE(in_file.second.contains(key)) << path;
                  });
  }
}

TEST(ConfigSchema, MayBeNamedInTheDocument) {
  each_file([&](const Sample& sample, const std::string& file, const Schema& schema, const Json&) {
    Json changed;
    const Change change{Change::Kind::Add, file, "$schema", "\"x.schema.json\""};
    EXPECT_TRUE(problems_with(sample, change, changed).empty());
    EXPECT_EQ(schema.misfit(changed), "");
  });
}

}  // namespace
}  // namespace portcullis::config::config_schema_test
