// Native drivers as connections of PEP 249, and the rows of any cursor as an Arrow stream.
#pragma once

#include "python.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

// The classes vdk._native.NativeOpener, NativeConnection, NativeCursor and ArrowRows, and
// rows_as_arrow().
void bind_native_connections(nb::module_& module);

// Connections of a native driver, for Python and for the core alike: the driver is opened by Python
// (vdk.host.dbapi), so that whoever holds the connection sees it opened again in place.
[[nodiscard]] ConnectionFactory native_connection_factory(ConnectionFactory driver);

}  // namespace vdk
