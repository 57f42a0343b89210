# Compiles through ccache where it is installed.
find_program(VDK_CCACHE ccache)
mark_as_advanced(VDK_CCACHE)
if(VDK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Two clones share what they compile: paths below the source folder are hashed as relative ones.
  # A file that uses a precompiled header is a hit only with this sloppiness and these options.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${VDK_CCACHE})
  if(VDK_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-fpch-preprocess)
  elseif(VDK_PCH AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
