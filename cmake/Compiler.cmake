# Language level, optimisation and link flags shared by every target of the project.
include(CheckLinkerFlag)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# -O3 buys nothing here that is measurable and costs size, which is start-up time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -D_GLIBCXX_ASSERTIONS")

# Nobody replaces our symbols at load time: calls within libvdk may be direct and inlined.
add_compile_options(-fno-semantic-interposition)

# No binary says where it was built.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)

# The fastest linker that the compiler accepts.
foreach(linker mold lld)
  check_linker_flag(CXX -fuse-ld=${linker} VDK_LINKER_${linker})
  if(VDK_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()

# Start-up: map no library that is not used, and keep the symbol look-up of the loader short.
foreach(flag --as-needed -O1 --hash-style=gnu)
  string(MAKE_C_IDENTIFIER "VDK_LINK${flag}" known)
  check_linker_flag(CXX -Wl,${flag} ${known})
  if(${known})
    add_link_options(-Wl,${flag})
  endif()
endforeach()
