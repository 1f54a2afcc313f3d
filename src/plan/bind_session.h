#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/binder.h"

namespace velo {

class Scope;

/// The columns in sight around a sub-query. `columns`: where each was first named; may be null.
struct OuterScope {
  const Scope* scope = nullptr;  ///< null: what lies further out is out of sight
  std::map<size_t, SourceSpan>* columns = nullptr;
};

/// Where a statement is bound: its text, what it is bound against, and the warnings so far. While a
/// view's query is bound, the text is the view's, and nodes get the span of the view's name in the
/// statement that reads it.
class BindSession {
 public:
  BindSession(std::string_view text, const BinderContext& context)
      : context_(context), text_(text) {}

  const BinderContext& context() const { return context_; }
  Catalog& catalog() const { return *context_.catalog; }
  const TableKinds& kinds() const { return *context_.kinds; }

  Error error(ErrorCode code, std::string message, SourceSpan span) const {
    return error_at(code, std::move(message), text_, span);
  }
  Error not_supported(std::string_view what, SourceSpan span) const;
  /// Gives an error from another floor its place here, unless it has one.
  Error placed(Error error, SourceSpan span) const;
  template <typename T>
  Result<T> at(SourceSpan span, Result<T> result) const {
    if (result.has_value()) return result;
    return placed(std::move(result).error(), span);
  }

  /// The span that nodes keep.
  SourceSpan node_span(SourceSpan span) const { return stands_for_ ? *stands_for_ : span; }
  std::string_view text() const { return text_; }
  std::string_view text_of(SourceSpan span) const {
    return text_.substr(std::min<size_t>(span.offset, text_.size()), span.length);
  }

  /// Nothing is warned of inside a view: its CREATE did so.
  void warn(std::string message, SourceSpan span, std::string hint = {});
  std::vector<Warning> take_warnings() { return std::move(warnings_); }

  /// A table's name with its variables (`${TABLE}`) filled in.
  Result<ast::QualifiedName> filled_in(const ast::QualifiedName& name) const;

  /// A setting: of the statement's WITH, else of the session, else "".
  std::string setting(std::string_view name) const;
  void add_statement_option(std::string name, std::string value) {
    statement_options_[std::move(name)] = std::move(value);
  }
  const OptionMap& statement_options() const { return statement_options_; }

  /// The queries around the one that is bound, the nearest last.
  const std::vector<OuterScope>& outer_scopes() const { return outer_; }
  /// For the time of its life, a sub-query of `around` is bound; or, with no scope, a query that
  /// sees nothing of those that read it.
  class InsideSubquery {
   public:
    InsideSubquery(BindSession& session, OuterScope around) : session_(session) {
      session.outer_.push_back(around);
    }
    ~InsideSubquery() { session_.outer_.pop_back(); }
    InsideSubquery(const InsideSubquery&) = delete;
    InsideSubquery& operator=(const InsideSubquery&) = delete;

   private:
    BindSession& session_;
  };

  /// For the time of its life, spans point into a view's text.
  class InsideView {
   public:
    InsideView(BindSession& session, const ViewDef& view, SourceSpan reference)
        : session_(session), text_(session.text_), stands_for_(session.stands_for_) {
      session.stands_for_ = session.node_span(reference);
      session.text_ = view.text;
      session.views_.push_back(view.name);
      session.outer_.emplace_back();
    }
    ~InsideView() {
      session_.text_ = text_;
      session_.stands_for_ = stands_for_;
      session_.views_.pop_back();
      session_.outer_.pop_back();
    }
    InsideView(const InsideView&) = delete;
    InsideView& operator=(const InsideView&) = delete;

   private:
    BindSession& session_;
    std::string_view text_;
    std::optional<SourceSpan> stands_for_;
  };
  bool is_inside_view(std::string_view name) const;
  size_t depth() const { return views_.size(); }

 private:
  BinderContext context_;
  std::string_view text_;
  std::optional<SourceSpan> stands_for_;
  std::vector<std::string> views_;
  std::vector<OuterScope> outer_;
  std::vector<Warning> warnings_;
  OptionMap statement_options_;
};

}  // namespace velo
