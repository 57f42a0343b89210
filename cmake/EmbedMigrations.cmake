# cmake -DFOLDER=... -DOUTPUT=... -P EmbedMigrations.cmake: the numbered SQL files of a folder as C++.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WE)
  string(REGEX MATCH "^0*([0-9]+)_(.*)$" matched ${name})
  if(NOT matched)
    message(FATAL_ERROR "${file} is not named NNN_what_it_does.sql")
  endif()
  set(number ${CMAKE_MATCH_1})
  set(title ${CMAKE_MATCH_2})
  file(READ ${file} text)
  string(APPEND rows "    {${number}, \"${title}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT}.new "#include \"store/migrations.hpp\"

namespace vdk::service {

std::span<const Migration> migrations() noexcept {
  static constexpr Migration all[] = {
${rows}  };
  return all;
}

}  // namespace vdk::service
")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
