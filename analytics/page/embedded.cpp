#include "analytics/page/embedded.hpp"

// The assembler copies the files: an array of their bytes takes a compiler seconds and much memory.
#define RUNNEL_EMBED(name, path)                        \
    asm(".pushsection .rodata\n"                        \
        "runnel_page_" #name                            \
        "_begin:\n"                                     \
        ".incbin \"" path                               \
        "\"\n"                                          \
        "runnel_page_" #name                            \
        "_end:\n"                                       \
        ".popsection\n");                               \
    extern "C" const char runnel_page_##name##_begin[]; \
    extern "C" const char runnel_page_##name##_end[]

RUNNEL_EMBED(html, RUNNEL_PAGE_DIR "/page.html");
RUNNEL_EMBED(style, RUNNEL_PAGE_DIR "/page.css");
RUNNEL_EMBED(script, RUNNEL_PAGE_DIR "/page.js");
RUNNEL_EMBED(shared_script, RUNNEL_PAGE_DIR "/shared.js");
RUNNEL_EMBED(trace_html, RUNNEL_PAGE_DIR "/trace.html");
RUNNEL_EMBED(trace_style, RUNNEL_PAGE_DIR "/trace.css");
RUNNEL_EMBED(trace_script, RUNNEL_PAGE_DIR "/trace.js");
RUNNEL_EMBED(echarts, RUNNEL_ECHARTS);

namespace runnel::analytics::page
{

std::string_view html() noexcept
{
    return {runnel_page_html_begin, runnel_page_html_end};
}

std::string_view style() noexcept
{
    return {runnel_page_style_begin, runnel_page_style_end};
}

std::string_view script() noexcept
{
    return {runnel_page_script_begin, runnel_page_script_end};
}

std::string_view shared_script() noexcept
{
    return {runnel_page_shared_script_begin, runnel_page_shared_script_end};
}

std::string_view trace_html() noexcept
{
    return {runnel_page_trace_html_begin, runnel_page_trace_html_end};
}

std::string_view trace_style() noexcept
{
    return {runnel_page_trace_style_begin, runnel_page_trace_style_end};
}

std::string_view trace_script() noexcept
{
    return {runnel_page_trace_script_begin, runnel_page_trace_script_end};
}

std::string_view echarts() noexcept
{
    return {runnel_page_echarts_begin, runnel_page_echarts_end};
}

}  // namespace runnel::analytics::page
