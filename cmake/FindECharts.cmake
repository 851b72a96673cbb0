# Finds Apache ECharts, which pages of reports are drawn with, where tools/setup installs it from npm.
# Gives ECharts_SCRIPT, the file to embed. Looks anew each time: the folder is no system's.
get_filename_component(echarts_folder
    ${CMAKE_CURRENT_LIST_DIR}/../analytics/page/node_modules/echarts ABSOLUTE)
set(ECharts_SCRIPT ECharts_SCRIPT-NOTFOUND)
if(EXISTS ${echarts_folder}/dist/echarts.min.js AND EXISTS ${echarts_folder}/package.json)
    set(ECharts_SCRIPT ${echarts_folder}/dist/echarts.min.js)
    file(READ ${echarts_folder}/package.json echarts_package)
    string(JSON ECharts_VERSION GET "${echarts_package}" version)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ECharts
    REQUIRED_VARS ECharts_SCRIPT VERSION_VAR ECharts_VERSION
    REASON_FAILURE_MESSAGE "run tools/setup, or `npm ci` in analytics/page")
