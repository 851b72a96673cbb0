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

std::string_view echarts() noexcept
{
    return {runnel_page_echarts_begin, runnel_page_echarts_end};
}

}  // namespace runnel::analytics::page
