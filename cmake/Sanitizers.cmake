# VDK_SANITIZE instruments the whole tree; VDK_FUZZ adds libFuzzer's coverage to it.
if(VDK_SANITIZE)
  add_compile_options(-fsanitize=${VDK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VDK_SANITIZE})
  add_compile_definitions(VDK_SANITIZED)
endif()

if(VDK_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "VDK_FUZZ needs clang: libFuzzer is part of it. Use the preset asan.")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# An undefined symbol ends the link, not the program: the sanitizers' own symbols are the exception.
if(NOT VDK_SANITIZE AND NOT APPLE)
  set(VDK_LINK_COMPLETE -Wl,-z,defs)
endif()
