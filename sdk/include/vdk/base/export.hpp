#pragma once

/// Marks what libvdk offers to other modules (the program, native plugins, the Python host).
/// Everything else is hidden: the loader resolves fewer symbols and nobody depends on internals.
/// On a class it exports its members, its type information and its virtual table.
#define VDK_API __attribute__((visibility("default")))
