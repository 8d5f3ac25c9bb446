"""A photo of the learner's own, by a button in the notebook."""

import io


def ask_for_photo(show):
    """Put an upload button into the notebook, with what `show` makes of the chosen photo below it.

    Args:
        show: function that takes the photo as an open binary file and returns what to display,
            such as a Figure. The sentence of a ValueError (no picture, a damaged one) is shown in
            its place, and the next photo can be tried.

    Returns:
        ipywidgets.VBox: the button and the place below it. Set the button's `value` to upload by
        program.

    Raises:
        TypeError: `show` is not a function.
    """
    import ipywidgets as widgets
    from IPython.display import display

    if not callable(show):
        raise TypeError("ask_for_photo takes a function, such as show_prediction without brackets.")
    button, answer = widgets.FileUpload(accept="image/*"), widgets.Output()

    def answer_photo(change):
        answer.clear_output()
        if not change["new"]:
            return
        with answer:
            try:
                display(show(io.BytesIO(change["new"][0]["content"])))
            except ValueError as error:
                print(error)

    button.observe(answer_photo, "value")
    return widgets.VBox([button, answer])
