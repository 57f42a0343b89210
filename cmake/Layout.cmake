# One relative layout for the build tree and the installed tree, so that a program finds its library,
# its plugins and its Python package the same way in both:
#
#   bin/vdk   lib/libvdk.so   lib/vdk/plugins/vdk_<name>.{so,json}   lib/vdk/python/vdk/...
set(VDK_BIN_DIR bin)
set(VDK_LIB_DIR lib)
set(VDK_PLUGIN_DIR lib/vdk/plugins)
set(VDK_PYTHON_DIR lib/vdk/python)

if(APPLE)
  set(VDK_ORIGIN @loader_path)
else()
  set(VDK_ORIGIN $ORIGIN)
endif()

# The same run path in both trees: installing relinks nothing.
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)

# vdk_place(TARGET DIR [NO_RUN_PATH]): puts a target's file into DIR of the build tree, with a run path
# to lib/, unless it is said to find all that it needs without: each place of a run path costs the
# loader a dozen looks for every library of the system.
function(vdk_place target dir)
  cmake_parse_arguments(PARSE_ARGV 2 arg "NO_RUN_PATH" "" "")
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${dir}
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${dir})
  if(NOT dir STREQUAL VDK_LIB_DIR AND NOT arg_NO_RUN_PATH)
    file(RELATIVE_PATH to_lib /${dir} /${VDK_LIB_DIR})
    set_target_properties(${target} PROPERTIES INSTALL_RPATH ${VDK_ORIGIN}/${to_lib})
  endif()
endfunction()
