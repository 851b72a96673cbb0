# Finds Crypto++ as Debian and Ubuntu package it. Gives CryptoPP::cryptopp.
find_path(CryptoPP_INCLUDE_DIR NAMES cryptopp/keccak.h)
find_library(CryptoPP_LIBRARY NAMES cryptopp crypto++)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CryptoPP
    REQUIRED_VARS CryptoPP_LIBRARY CryptoPP_INCLUDE_DIR)

if(CryptoPP_FOUND AND NOT TARGET CryptoPP::cryptopp)
    add_library(CryptoPP::cryptopp UNKNOWN IMPORTED)
    set_target_properties(CryptoPP::cryptopp PROPERTIES
        IMPORTED_LOCATION ${CryptoPP_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${CryptoPP_INCLUDE_DIR})
endif()
mark_as_advanced(CryptoPP_INCLUDE_DIR CryptoPP_LIBRARY)
