# Fails when a generated page of docs/ is not what the program prints.
execute_process(COMMAND ${RUNNEL} scenarios ${FLAG}
    OUTPUT_VARIABLE printed RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "runnel scenarios ${FLAG} failed: ${failed}")
endif()
file(READ ${PAGE} page)
if(NOT printed STREQUAL page)
    message(FATAL_ERROR "${PAGE} is old: runnel scenarios ${FLAG} > ${PAGE}")
endif()
