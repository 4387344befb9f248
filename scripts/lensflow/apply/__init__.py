"""What a survey user takes away: ranked candidates of any dataset, and what a survey costs."""
