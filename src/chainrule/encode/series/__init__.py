"""Series: from rows with a time to windows of steps, each with what comes after it, without a look ahead."""
