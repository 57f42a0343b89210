# cmake -DFOLDER=... -DOUTPUT=... -P EmbedPages.cmake: the files of a folder as C++.
file(GLOB files ${FOLDER}/*)
list(SORT files)
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"page(${text})page\"},\n")
endforeach()
file(WRITE ${OUTPUT}.new "#include \"api/pages.hpp\"

namespace vdk::service {

std::span<const Page> pages() noexcept {
  static constexpr Page all[] = {
${rows}  };
  return all;
}

}  // namespace vdk::service
")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
