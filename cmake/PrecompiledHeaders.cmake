# Headers of libraries that most files include, parsed once. No header of this project is among them
# but what stands for Catch2's: a change to one would compile everything again. Files still include
# what they use: a build with RUNNEL_PRECOMPILE_HEADERS=OFF, or by clang, shows where one does not.
set(runnel_standard_headers
    <algorithm> <array> <bit> <charconv> <cmath> <compare> <concepts> <cstddef> <cstdint> <cstring>
    <deque> <filesystem> <fstream> <functional> <iterator> <limits> <map> <memory> <numeric>
    <optional> <random> <set> <span> <sstream> <stdexcept> <string> <string_view> <tuple>
    <type_traits> <unordered_map> <utility> <variant> <vector>
    <boost/multiprecision/cpp_int.hpp> <fmt/format.h> <tl/expected.hpp>)

# Parses them, and the libraries' HEADERS, once for all these targets, which must compile alike.
# Usage: runnel_precompile(TARGETS target... [HEADERS <header>...])
function(runnel_precompile)
    cmake_parse_arguments(PARSE_ARGV 0 pch "" "" "TARGETS;HEADERS")
    list(POP_FRONT pch_TARGETS first)
    target_precompile_headers(${first} PRIVATE ${runnel_standard_headers} ${pch_HEADERS})
    foreach(target IN LISTS pch_TARGETS)
        target_precompile_headers(${target} REUSE_FROM ${first})
    endforeach()
endfunction()
