"""The cases of java/client once more, run by the client library of the 3.8 line."""

from compat import pins

from . import java


def run(context):
    java.run(context, "java38", f"zookeeper-{pins.ZOOKEEPER_OLD}")
