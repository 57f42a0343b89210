// Built with the standard library's debug containers, which have another layout.
#include "vdk/plugin.hpp"

class Debug : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions&) override {}
};

VDK_PLUGIN(Debug)
