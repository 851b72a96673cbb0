#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::analytics
{

/// Writes a JSON document as it comes, in constant memory: byte for byte what nlohmann's
/// `dump(2, ' ', true, error_handler_t::replace)` makes of the same document. Indented by two
/// spaces, in ASCII; text that is no UTF-8 has U+FFFD in its place; what is no number is null.
class JsonStream
{
public:
    /// Gets the text in pieces, in order.
    using Sink = std::function<void(std::string_view)>;

    explicit JsonStream(Sink sink) : sink_{std::move(sink)} {}
    JsonStream(const JsonStream&) = delete;
    JsonStream& operator=(const JsonStream&) = delete;

    void begin_object() { begin('{'); }
    void end_object() { end('}'); }
    void begin_array() { begin('['); }
    void end_array() { end(']'); }
    /// Of the next value, in an object. Plain ASCII.
    JsonStream& key(std::string_view name);
    void string(std::string_view text);
    void integer(std::uint64_t number);
    void real(double number);
    void boolean(bool yes) { value(yes ? "true" : "false"); }
    /// A value that is JSON already, such as quoted() makes.
    void value(std::string_view json);
    /// Hands on what is left; after the document's end.
    void flush();

    /// Text as a JSON string.
    [[nodiscard]] static std::string quoted(std::string_view text);

private:
    void begin(char bracket);
    void end(char bracket);
    /// A comma and a new line, where there is one before a value.
    void separate();
    void new_line();

    Sink sink_;
    std::string buffer_;
    std::vector<bool> has_values_;  // Of the objects and arrays that are open.
    bool has_key_ = false;
};

}  // namespace runnel::analytics
