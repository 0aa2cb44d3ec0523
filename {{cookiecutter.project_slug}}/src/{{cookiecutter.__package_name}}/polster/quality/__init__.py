"""What data must look like: contracts, reference checks, and steps in bounded memory."""
