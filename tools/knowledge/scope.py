"""What of the public API is not measured, and why.

Everything here is a decision about meaning, so it is written by hand; the facts never are.
"""

from __future__ import annotations

# Whole modules (with their children), by the reason they are left out.
MODULES: dict[str, str] = {
    "keras.callbacks": "training",
    "keras.config": "settings",
    "keras.constraints": "objects",
    "keras.datasets": "files",
    "keras.distillation": "training",
    "keras.distribution": "devices",
    "keras.dtype_policies": "objects",
    "keras.export": "files",
    "keras.initializers": "objects",
    "keras.legacy": "objects",
    "keras.mixed_precision": "settings",
    "keras.models": "modelled by hand",
    "keras.optimizers": "modelled by hand",
    "keras.regularizers": "objects",
    "keras.saving": "files",
    "keras.visualization": "plots",
    "keras.wrappers": "objects",
    "keras.utils.legacy": "objects",
    "tf.audio": "files",
    "tf.autodiff": "modelled by hand",
    "tf.autograph": "modelled by hand",
    "tf.config": "settings",
    "tf.data": "modelled by hand",
    "tf.debugging.experimental": "settings",
    "tf.distribute": "devices",
    "tf.dtypes.experimental": "objects",
    "tf.errors": "objects",
    "tf.experimental.dlpack": "devices",
    "tf.experimental.dtensor": "devices",
    "tf.experimental.extension_type": "objects",
    "tf.feature_column": "objects",
    "tf.graph_util": "graphs",
    "tf.io.gfile": "files",
    "tf.lite": "files",
    "tf.lookup": "objects",
    "tf.mlir": "graphs",
    "tf.profiler": "settings",
    "tf.queue": "objects",
    "tf.saved_model": "files",
    "tf.summary": "files",
    "tf.sysconfig": "settings",
    "tf.test": "settings",
    "tf.tpu": "devices",
    "tf.train": "files",
    "tf.types": "objects",
    "tf.version": "settings",
    "tf.xla": "graphs",
}

# Single functions, by reason; names are canonical.
FUNCTIONS: dict[str, str] = {
    name: reason
    for reason, names in {
        "takes a function": """
            tf.case tf.cond tf.custom_gradient tf.foldl tf.foldr tf.function tf.grad_pass_through
            tf.map_fn tf.nondifferentiable_batch_function tf.numpy_function tf.py_function
            tf.recompute_grad tf.scan tf.switch_case tf.vectorized_map tf.while_loop
            tf.nest.map_structure tf.sparse.map_values tf.ragged.map_flat_values
            tf.linalg.experimental.conjugate_gradient tf.nn.with_space_to_batch
            tf.experimental.numpy.apply_along_axis tf.experimental.numpy.vectorize
            keras.ops.associative_scan keras.ops.cond keras.ops.custom_gradient keras.ops.fori_loop
            keras.ops.jvp keras.ops.map keras.ops.scan keras.ops.switch keras.ops.vectorize
            keras.ops.vectorized_map keras.ops.while_loop keras.remat
            keras.backend.foldl keras.backend.foldr keras.backend.map_fn keras.backend.rnn
            keras.backend.switch keras.tree.map_structure keras.tree.map_structure_up_to
            keras.tree.map_shape_structure keras.tree.traverse
            """,
        "modelled by hand": """
            tf.gradients tf.hessians keras.backend.gradients keras.Input tf.no_gradient
            tf.keras_name_scope keras.device tf.device tf.init_scope tf.control_dependencies
            tf.variable_creator_scope keras.backend.name_scope keras.backend.function
            keras.backend.variable keras.backend.zeros_variable keras.backend.ones_variable
            keras.backend.random_normal_variable keras.backend.random_uniform_variable
            keras.backend.set_value keras.backend.batch_set_value keras.backend.update
            keras.backend.update_add keras.backend.update_sub keras.backend.get_uid
            keras.backend.moving_average_update
            """,
        "settings": """
            tf.get_logger tf.load_library tf.load_op_library tf.import_graph_def
            tf.register_tensor_conversion_function tf.random.set_seed tf.timestamp
            tf.random.set_global_generator tf.random.get_global_generator
            tf.experimental.async_scope tf.experimental.async_clear_error
            tf.experimental.dispatch_for_api tf.experimental.dispatch_for_binary_elementwise_apis
            tf.experimental.dispatch_for_unary_elementwise_apis
            tf.experimental.dispatch_for_binary_elementwise_assert_apis
            tf.experimental.unregister_dispatch_for tf.experimental.register_filesystem_plugin
            tf.experimental.numpy.experimental_enable_numpy_behavior
            tf.experimental.numpy.random.seed tf.experimental.enable_strict_mode
            tf.debugging.disable_check_numerics tf.debugging.enable_check_numerics
            tf.debugging.disable_traceback_filtering tf.debugging.enable_traceback_filtering
            tf.debugging.set_log_device_placement tf.debugging.is_traceback_filtering_enabled
            tf.debugging.get_log_device_placement tf.experimental.function_executor_type
            tf.get_current_name_scope tf.executing_eagerly tf.inside_function tf.check_pinned
            keras.utils.clear_session keras.utils.disable_interactive_logging
            keras.utils.enable_interactive_logging keras.utils.is_interactive_logging_enabled
            keras.utils.set_random_seed keras.version keras.backend.manual_variable_initialization
            """,
        "files": """
            tf.io.match_filenames_once tf.io.matching_files tf.io.read_file tf.io.write_file
            tf.io.write_graph keras.utils.get_file keras.utils.load_img keras.utils.save_img
            keras.utils.audio_dataset_from_directory keras.utils.image_dataset_from_directory
            keras.utils.text_dataset_from_directory keras.utils.timeseries_dataset_from_array
            keras.utils.split_dataset keras.utils.model_to_dot keras.utils.plot_model
            """,
        "objects": """
            keras.utils.deserialize_keras_object keras.utils.get_custom_objects
            keras.utils.get_registered_name keras.utils.get_registered_object
            keras.utils.register_keras_serializable keras.utils.serialize_keras_object
            keras.utils.get_source_inputs keras.preprocessing.text.tokenizer_from_json
            tf.io.parse_example tf.io.parse_sequence_example tf.io.parse_single_example
            tf.io.parse_single_sequence_example tf.io.decode_proto tf.io.encode_proto
            tf.io.decode_json_example tf.types.experimental.TensorLike tf.random.create_rng_state
            keras.backend.count_params
            """,
        "changes a variable": """
            tf.Variable.assign tf.Variable.assign_add tf.Variable.assign_sub
            tf.Variable.batch_scatter_update tf.Variable.count_up_to tf.Variable.create
            tf.Variable.from_proto tf.Variable.initialized_value tf.Variable.load
            tf.Variable.scatter_add tf.Variable.scatter_div tf.Variable.scatter_max
            tf.Variable.scatter_min tf.Variable.scatter_mul tf.Variable.scatter_nd_add
            tf.Variable.scatter_nd_max tf.Variable.scatter_nd_min tf.Variable.scatter_nd_sub
            tf.Variable.scatter_nd_update tf.Variable.scatter_sub tf.Variable.scatter_update
            keras.Variable.assign keras.Variable.assign_add keras.Variable.assign_sub
            """,
        "objects of graph mode": """
            tf.Variable.to_proto tf.Variable.eval tf.Variable.experimental_ref
            tf.Tensor.experimental_ref tf.Tensor.consumers tf.Tensor.eval
            tf.SparseTensor.consumers tf.SparseTensor.eval tf.RaggedTensor.consumers
            """,
        "state of a generator": """
            tf.random.Generator.from_state tf.random.Generator.from_seed
            tf.random.Generator.from_key_counter tf.random.Generator.reset
            tf.random.Generator.reset_from_seed tf.random.Generator.reset_from_key_counter
            tf.random.Generator.from_non_deterministic_state tf.random.Generator.skip
            """,
    }.items()
    for name in names.split()
}
# The operators of a class that are measured as methods; all other underscores are private.
OPERATORS: dict[str, frozenset[str]] = {
    "tf.Tensor": frozenset(
        f"__{word}__"
        for word in (
            "abs add and array bool complex copy deepcopy eq float floordiv ge getitem gt index "
            "int invert iter le len lt matmul mod mul ne neg or pow radd rand rfloordiv rmatmul rmod "
            "rmul ror round rpow rsub rtruediv rxor sub truediv xor"
        ).split()
    )
}
# Functions that several Keras modules have, by their last word.
_REGISTRY_WORDS = frozenset({"get", "serialize", "deserialize", "decode_predictions"})

# What is left out for these reasons is not worth an alias either.
UNNAMED = frozenset({"devices", "files", "graphs", "plots", "settings"})
# Classes whose construction is an operation on tensors.
CLASSES = frozenset({"tf.SparseTensor", "tf.IndexedSlices"})


def reason(name: str, is_class: bool) -> str | None:
    """Return why a public name is left out, None if it is to be measured."""
    if is_class:
        return None if name in CLASSES else "a class"
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name.startswith("keras.") and name.rpartition(".")[2] in _REGISTRY_WORDS:
        return "objects"
    if name.startswith("keras.applications.") and not name.endswith(".preprocess_input"):
        return "modelled by hand"
    module = name
    while module := module.rpartition(".")[0]:
        if module in MODULES:
            return MODULES[module]
    return None
