"""`tf.io`, `tf.image.decode_*`, `tf.audio`: tensors read from files and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.models import operations
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.registry import families, models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Data,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

IMAGES = ("image", "jpeg", "png", "bmp", "gif", "webp", "and_crop_jpeg")


def read(machine: Interpreter, name: str, dtype: DType, args: Arguments) -> Data:
    """Make a tensor of bytes: nothing comes back through it."""
    inputs = [("contents", value) for value in args.positional[:1]]
    return machine.record(
        name, inputs, args.place, dtype=dtype, effect=Effect.CUT, reason=Reason.STRING
    )


@models(*(f"tf.{module}.decode_{kind}" for module in ("io", "image") for kind in IMAGES))
def decode_image(machine: Interpreter, args: Arguments) -> Value:
    """Decode an image: whole numbers from 0 to 255 unless another dtype is asked for."""
    dtype = dtype_of(args.get(2, "dtype"))
    return read(machine, "tf.io.decode_image", dtype or DType.INT, args)


@models("tf.io.decode_raw", "tf.io.parse_tensor", "tf.io.decode_proto", "tf.compat.v1.decode_raw")
def decode_raw(machine: Interpreter, args: Arguments) -> Value:
    """Run `decode_raw(bytes, out_type)`."""
    dtype = dtype_of(args.get(1, "out_type"))
    return read(machine, "tf.io.decode_raw", dtype or DType.UNKNOWN, args)


@models("tf.audio.decode_wav")
def decode_wav(machine: Interpreter, args: Arguments) -> Value:
    """Run `decode_wav(contents)`: samples and their rate."""
    return Tuple(
        (read(machine, "tf.audio.decode_wav", DType.FLOAT, args),
         read(machine, "tf.audio.decode_wav", DType.INT, args)),
        ("audio", "sample_rate"),
    )  # fmt: skip


@models(
    "tf.io.parse_example", "tf.io.parse_single_example", "tf.compat.v1.parse_example",
    "tf.compat.v1.parse_single_example", "tf.io.parse_sequence_example",
    "tf.io.parse_single_sequence_example", "tf.io.decode_json_example",
)  # fmt: skip
def parse_example(machine: Interpreter, args: Arguments) -> Value:
    """Parse records into a dict of tensors, under the keys of the features that are asked for."""
    element = read(machine, "tf.io.parse_example", DType.UNKNOWN, args)
    features = args.get(1, "features")
    keys = machine.contents(features).keys if isinstance(features, Box) else None
    values = tuple(read(machine, "tf.io.parse_example", DType.UNKNOWN, args) for _ in keys or ())
    return machine.fill(Box("dict"), Contents(values, keys or (), element))


@families("tf.io.", "tf.audio.", "tf.train.Example", "tf.train.Feature", "tf.train.BytesList.")
def other(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Read a file, or do anything else with bytes."""
    if name.startswith(("tf.io.gfile.", "tf.io.TFRecord")):
        return Data(machine.node(name, Kind.UNKNOWN, DType.UNKNOWN, args.place))
    if name.startswith("tf.io.write"):
        return NONE
    known = operations.apply(machine, name, args)
    if known is not None:
        return known
    if name.endswith(("read_file", "matching_files", "encode_jpeg", "encode_png")):
        return read(machine, name, DType.STRING, args)
    return machine.opaque_call(name, args.values, args.place)
