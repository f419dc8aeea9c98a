//! boto3 drives the simulator.
