"""What a parameter wants, guessed from its name: the one table that knows about words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tools.knowledge.samples import Rung, ints, rising, sparse, tensor

Make = Callable[[Rung], list[Any]]

# Parameters that say how, not what: no tensor is put in their place.
SETTINGS = frozenset(
    """name keepdims keep_dims data_format dtype out_type output_type validate_indices
    validate_shape validate_args layout device method mode padding antialias sorted exclusive
    reverse transpose_a transpose_b adjoint_a adjoint_b parallel_iterations swap_memory
    infer_shape compute_uv full_matrices sparse ragged conj adjoint use_locking from_logits
    tf_function optimize allow_pickle stable descending backend message summarize copy ord casting
    indexing unique back_prop name_scope reduction noise_shape alg reuse op data_type seed_type
    where memo rank precision width begin_mask end_mask ellipsis_mask new_axis_mask
    shrink_axis_mask output_encoding input_encoding errors encoding""".split()
)
# Optional ones that are whole numbers, or tolerances.
OPTIONS = SETTINGS | frozenset(
    """axis axes dim dims perm num k decimals batch_dims minlength maxlength blank_index skip
    num_bits seed n block_size rcond ragged_rank row_axis col_axis channel_axis maxlen max_length
    num_segments mask_index size interpolation_order order depth_radius atol rtol tol fft_length
    window sampled_values""".split()
)
LISTS = frozenset(
    "values inputs tensors arrays xs t_list tensor_list data variables structure".split()
)
DTYPE_WORDS = frozenset(
    "dtype out_type output_type Tout DstT T out_idx output_dtype index_type type".split()
)


def _dtypes(rung: Rung) -> list[Any]:
    return [tf.float32, tf.int32, tf.string]


def _rank(rung: Rung) -> int:
    return len(rung.shape)


def _sparse(rung: Rung) -> list[Any]:
    return [sparse(rung.shape[0] + 1 if rung.shape else 2, 4, rung.dtype)]


_HINTS: dict[str, Make] = {
    "sp_input": _sparse,
    "sp_a": _sparse,
    "sp_b": _sparse,
    "st_input": _sparse,
    "sp_inputs": lambda r: [_sparse(r) + _sparse(r)],
    "to_retain": lambda r: [tensor((r.shape[0] + 1 if r.shape else 2,), tf.bool)],
    "vocab_size": lambda r: [4],
    "template": lambda r: ["{}"],
    "axis": lambda r: [0, -1, [0]],
    "axes": lambda r: [[0], [0, 1], 1],
    "dim": lambda r: [0, 1],
    "dimension": lambda r: [0],
    "axis1": lambda r: [0],
    "axis2": lambda r: [1],
    "source": lambda r: [0, tensor(r.shape)],
    "destination": lambda r: [1],
    "shape": lambda r: [list(r.shape), [2, 3], [-1]],
    "newshape": lambda r: [[-1]],
    "target_shape": lambda r: [list(r.shape)],
    "output_shape": lambda r: [list(r.shape)],
    "dense_shape": lambda r: [list(r.shape)],
    "reps": lambda r: [[2] * max(_rank(r), 1)],
    "multiples": lambda r: [[2] * _rank(r)],
    "repeats": lambda r: [2],
    "n": lambda r: [3, tensor(r.shape)],
    "k": lambda r: [1],
    "num": lambda r: [3],
    "depth": lambda r: [3],
    "num_classes": lambda r: [3],
    "num_segments": lambda r: [3],
    "num_partitions": lambda r: [2],
    "num_buckets": lambda r: [5],
    "num_or_size_splits": lambda r: [1, r.shape[0] if r.shape else 1],
    "indices_or_sections": lambda r: [1],
    "n_samples": lambda r: [3],
    "num_samples": lambda r: [3],
    "nbins": lambda r: [4],
    "fill_value": lambda r: [tensor(()), 1.0],
    "perm": lambda r: [list(reversed(range(_rank(r))))],
    "paddings": lambda r: [[[1, 1]] * _rank(r)],
    "pad_width": lambda r: [[[1, 1]] * _rank(r)],
    "shift": lambda r: [1, tensor(r.shape)],
    "seed": lambda r: [[1, 2], 1],
    "key": lambda r: [[1, 2]],
    "block_size": lambda r: [2],
    "block_shape": lambda r: [[2, 2]],
    "size": lambda r: [[2, 2], list(r.shape)],
    "begin": lambda r: [[0] * _rank(r)],
    "start_indices": lambda r: [[0] * _rank(r)],
    "strides": lambda r: [1, [1] * _rank(r)],
    "stride": lambda r: [1],
    "ksize": lambda r: [2],
    "pool_size": lambda r: [2],
    "rate": lambda r: [0.3],
    "rates": lambda r: [[1, 1, 1, 1]],
    "padding": lambda r: ["SAME", "same"],
    "dtype": _dtypes,
    "out_type": _dtypes,
    "output_type": _dtypes,
    "type": _dtypes,
    "segment_ids": lambda r: [rising(r.shape[0] if r.shape else 1)],
    "sorted_inds": lambda r: [rising(r.shape[0] if r.shape else 1)],
    "indices": lambda r: [ints(r.shape[:1]), ints((2, 1)), ints(r.shape), ints((1, 2))],
    "ids": lambda r: [ints(r.shape[:1]), ints((2, 1))],
    "index": lambda r: [0, ints(r.shape[:1])],
    "partitions": lambda r: [ints(r.shape[:1])],
    "lengths": lambda r: [ints((2,)) + 1, ints(r.shape[:1]) + 1],
    "condition": lambda r: [tensor(r.shape, tf.bool)],
    "mask": lambda r: [tensor(r.shape, tf.bool), tensor(r.shape)],
    "pred": lambda r: [tensor((), tf.bool)],
    "bins": lambda r: [tensor((3,)), 4],
    "filters": lambda r: [tensor((2, 2, r.shape[-1], 2)) if _rank(r) == 4 else tensor((2, 3, 3))],
    "decimals": lambda r: [1],
    "ord": lambda r: [2],
    "p": lambda r: [2],
    "frame_length": lambda r: [4],
    "frame_step": lambda r: [2],
    "sequence_length": lambda r: [4],
    "fft_length": lambda r: [4],
    "window_length": lambda r: [8],
    "M": lambda r: [4],
    "N": lambda r: [4],
    "equation": lambda r: ["...->..."],
    "subscripts": lambda r: ["...->..."],
    "pattern": lambda r: ["a", "... -> ..."],
    "rewrite": lambda r: ["b"],
    "dims": lambda r: [[2, 2]],
    "image_size": lambda r: [[4, 4]],
    "target_height": lambda r: [4],
    "target_width": lambda r: [4],
    "offset_height": lambda r: [0],
    "offset_width": lambda r: [0],
    "crop_size": lambda r: [[2, 2]],
    "classes": lambda r: [3],
    "message": lambda r: ["m"],
    "max_val": lambda r: [1.0],
    "maxval": lambda r: [1.0],
    "minval": lambda r: [0.0],
    "input_encoding": lambda r: ["UTF-8"],
    "output_encoding": lambda r: ["UTF-8"],
    "maxlen": lambda r: [4],
    "window_shape": lambda r: [[2, 2]],
    "pooling_type": lambda r: ["MAX"],
    "norm": lambda r: [None],
    "sequence_lengths": lambda r: [ints(r.shape[:1]) + 1],
    "num_true": lambda r: [1],
    "num_sampled": lambda r: [2],
    "delta": lambda r: [0.1],
    "num_lower": lambda r: [1],
    "num_upper": lambda r: [1],
    "input_min": lambda r: [tensor(())],
    "input_max": lambda r: [tensor(()) + 1],
    "value_range": lambda r: [[0.0, 1.0]],
    "boundaries": lambda r: [[0.3, 0.6]],
}


def candidates(name: str, rung: Rung) -> list[Any]:
    """Return the values a parameter of this name is tried with, or nothing."""
    make = _HINTS.get(name)
    return make(rung) if make is not None else []
