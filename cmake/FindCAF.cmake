# Finds CAF 0.17 as Debian and Ubuntu package it: headers and libraries, no CMake config.
# Gives CAF::core. The version comes from caf/config.hpp.
find_path(CAF_INCLUDE_DIR NAMES caf/config.hpp)
find_library(CAF_core_LIBRARY NAMES caf_core)
if(CAF_INCLUDE_DIR)
    file(STRINGS ${CAF_INCLUDE_DIR}/caf/config.hpp caf_version_line
        REGEX "^#define CAF_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" caf_version "${caf_version_line}")
    math(EXPR caf_major "${caf_version} / 10000")
    math(EXPR caf_minor "(${caf_version} / 100) % 100")
    math(EXPR caf_patch "${caf_version} % 100")
    set(CAF_VERSION ${caf_major}.${caf_minor}.${caf_patch})
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
    REQUIRED_VARS CAF_core_LIBRARY CAF_INCLUDE_DIR VERSION_VAR CAF_VERSION)

if(CAF_FOUND AND NOT TARGET CAF::core)
    find_package(Threads REQUIRED)
    add_library(CAF::core UNKNOWN IMPORTED)
    set_target_properties(CAF::core PROPERTIES
        IMPORTED_LOCATION ${CAF_core_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
    target_link_libraries(CAF::core INTERFACE Threads::Threads)
endif()
mark_as_advanced(CAF_INCLUDE_DIR CAF_core_LIBRARY)
