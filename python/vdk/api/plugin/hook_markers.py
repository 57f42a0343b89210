"""The two decorators of plugins: `hookimpl` marks what a plugin implements, `hookspec` what it lets others implement."""

import pluggy

GROUP_NAME = "vdk.plugin.run"

hookspec = pluggy.HookspecMarker(GROUP_NAME)
hookimpl = pluggy.HookimplMarker(GROUP_NAME)
