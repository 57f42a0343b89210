# Warnings are errors with both compilers. vdk_warnings(TARGET) turns them on for one target.
function(vdk_warnings target)
  target_compile_options(${target} PRIVATE
    -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Woverloaded-virtual -Wsuggest-override -Wextra-semi -Wformat=2 -Wundef -Wimplicit-fallthrough
    # A designated initializer names what differs from the defaults: that is what it is for.
    -Wno-missing-field-initializers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -Wduplicated-cond -Wlogical-op)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # Reported after inlining, inside std::string's own operators (GCC bugs 105329, 105651 and
      # 105762). What they look for, AddressSanitizer finds.
      target_compile_options(${target} PRIVATE
        -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
    endif()
  endif()
endfunction()
