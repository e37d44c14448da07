"""Sparse and ragged tensors, strings, and what is serialised."""

from __future__ import annotations

import tensorflow as tf

from tools.knowledge.samples import ints, sparse, tensor


def _serialized(n: int) -> tf.Tensor:
    return tf.io.serialize_many_sparse(sparse(n))


RECIPES = {
    "tf.SparseTensor": [
        lambda n: {
            "indices": tf.cast(ints((n, 1), n), tf.int64),
            "values": tensor((n,)),
            "dense_shape": [9],
        }
    ],
    "tf.SparseTensor.from_value": [
        lambda n: {
            "sparse_tensor_value": tf.compat.v1.SparseTensorValue([[0]], [1.0], [n]),
        }
    ],
    "tf.SparseTensor.set_shape": [lambda n: {"self": sparse(n), "shape": [n, 3]}],
    "tf.RaggedTensor.from_row_splits": [
        lambda n: {"values": tensor((n,)), "row_splits": [0, 1, n]}
    ],
    "tf.RaggedTensor.from_nested_row_splits": [
        lambda n: {"flat_values": tensor((n,)), "nested_row_splits": [[0, 1, n]]}
    ],
    "tf.RaggedTensor.from_nested_row_lengths": [
        lambda n: {"flat_values": tensor((n,)), "nested_row_lengths": [[1, n - 1]]}
    ],
    "tf.RaggedTensor.from_nested_value_rowids": [
        lambda n: {"flat_values": tensor((n,)), "nested_value_rowids": [ints((n,)) * 0]}
    ],
    "tf.ragged_fill_empty_rows": [
        lambda n: {
            "value_rowids": tf.constant([0, 2], tf.int64),
            "values": tensor((2,)),
            "nrows": tf.constant(n, tf.int64),
            "default_value": tensor(()),
        }
    ],
    "tf.sparse.add": [
        lambda n: {"a": sparse(n), "b": sparse(n)},
    ],
    "tf.sparse.concat": [lambda n: {"axis": 0, "sp_inputs": [sparse(n), sparse(n)]}],
    "tf.sparse.fill_empty_rows": [
        lambda n: {
            "sp_input": tf.SparseTensor([[0, 0], [2, 1]], tensor((2,)), [n, 3]),
            "default_value": tensor(()),
        }
    ],
    "tf.sparse.mask": [
        lambda n: {
            "a": tf.IndexedSlices(tensor((n, 2)), tf.range(n)),
            "mask_indices": [0],
        }
    ],
    "tf.sparse.reset_shape": [lambda n: {"sp_input": sparse(n), "new_shape": [n + 1, 4]}],
    "tf.sparse.reshape": [lambda n: {"sp_input": sparse(n), "shape": [3, n]}],
    "tf.sparse.sampled_addmm": [
        lambda n: {
            "indices": [[0, 0], [1, 1]],
            "values": tensor((2,)),
            "dense_shape": [n, n],
            "mat1": tensor((n, 2)),
            "mat2": tensor((2, n)),
            "alpha": 1.5,
            "beta": 0.5,
        }
    ],
    "tf.sparse.slice": [lambda n: {"sp_input": sparse(n), "start": [0, 0], "size": [2, 2]}],
    "tf.sparse.sparse_dense_matmul": [lambda n: {"sp_a": sparse(n), "b": tensor((3, 2))}],
    "tf.sparse.split": [lambda n: {"sp_input": sparse(n), "num_split": 2, "axis": 0}],
    "tf.sparse.to_indicator": [lambda n: {"sp_input": sparse(n, 3, tf.int64), "vocab_size": 4}],
    "tf.sets.size": [lambda n: {"a": sparse(n, 3, tf.int32)}],
    "tf.io.decode_base64": [lambda n: {"input": tf.io.encode_base64(["a" * n])}],
    "tf.io.decode_raw": [
        lambda n: {"input_bytes": tf.constant(["1234" * n]), "out_type": tf.float32}
    ],
    "tf.io.parse_tensor": [
        lambda n: {
            "serialized": tf.io.serialize_tensor(tensor((n,))),
            "out_type": tf.float32,
        }
    ],
    "tf.io.deserialize_many_sparse": [
        lambda n: {"serialized_sparse": _serialized(n), "dtype": tf.float32}
    ],
    "tf.strings.format": [lambda n: {"template": "{}", "inputs": [tensor((n,))]}],
}
